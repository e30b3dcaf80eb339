using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test of several processes under Open MPI: skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute() => Skip = MpiRun.Missing;
}
