using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test of something that only Linux shows (in /proc): skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = Reason;

    internal static string? Reason => OperatingSystem.IsLinux() ? null : "Reads /proc, which only Linux has.";
}
