using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Avx2TheoryAttribute : TheoryAttribute
{
    public Avx2TheoryAttribute() => Skip = Avx2FactAttribute.Reason;
}
