using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test that needs <see cref="SharedData"/>, and says that it is skipped where that is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute() => Skip = SharedData.MissingReason;
}
