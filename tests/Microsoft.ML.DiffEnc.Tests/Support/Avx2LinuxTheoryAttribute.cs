using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Avx2LinuxTheoryAttribute : TheoryAttribute
{
    public Avx2LinuxTheoryAttribute() => Skip = Avx2LinuxFactAttribute.Reason;
}
