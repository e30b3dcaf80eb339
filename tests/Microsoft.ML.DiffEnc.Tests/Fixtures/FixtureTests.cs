using TorchSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Fixtures;

/// <summary>The collection of all tests against the reference values.</summary>
[CollectionDefinition(Name)]
public sealed class FixtureGroup : ICollectionFixture<FixtureCases>
{
    public const string Name = "Reference values";
}

/// <summary>A test class whose native tensors are freed after every test.</summary>
[Collection(FixtureGroup.Name)]
public abstract class FixtureTests : IDisposable
{
    private readonly FixtureCases _cases;
    private readonly DisposeScope _scope;

    protected FixtureTests(FixtureCases cases)
    {
        _cases = cases;
        _scope = torch.NewDisposeScope();
    }

    /// <summary>A case, kept alive beyond the test.</summary>
    private protected FixtureCase Case(string name, torch.ScalarType type) => _cases.Get(name, type);

    public void Dispose()
    {
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }
}
