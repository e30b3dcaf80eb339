using Microsoft.ML.DiffEnc.Networks.Kernels;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test of what needs AVX2: skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Avx2FactAttribute : FactAttribute
{
    public Avx2FactAttribute() => Skip = Reason;

    internal static string? Reason => Simd.IsAvailable ? null : "Needs a processor with AVX2.";
}
