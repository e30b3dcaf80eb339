using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test of what needs AVX2 and of something that only Linux shows: skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Avx2LinuxFactAttribute : FactAttribute
{
    public Avx2LinuxFactAttribute() => Skip = Avx2FactAttribute.Reason ?? LinuxFactAttribute.Reason;
}
