using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Tests that need <see cref="SharedData"/>, and say that they are skipped where that is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute() => Skip = SharedData.MissingReason;
}
