using System.Runtime.Intrinsics.X86;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test of what needs AVX2 and the MKL in Linux's libtorch: skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Avx2LinuxFactAttribute : FactAttribute
{
    public Avx2LinuxFactAttribute() => Skip = Reason;

    internal static string? Reason => Avx2.IsSupported && OperatingSystem.IsLinux() ? null : "Needs AVX2, and the MKL in Linux's libtorch.";
}
