using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>What a user's project gets from the package alone.</summary>
public sealed class ConsumerTests(ConsumerProgram consumer) : IClassFixture<ConsumerProgram>
{
    [Fact]
    public void Consumer_of_the_package_computes_with_torch() => Assert.Contains("sum 10", consumer.Run(["torch"]), StringComparison.Ordinal);

    [Fact]
    public void Library_loads_libtorch_in_a_consumer_of_the_package() => Assert.Contains("sum 10", consumer.Run(["load"]), StringComparison.Ordinal);
}
