using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Fixtures;

/// <summary>Loads every case once for all tests of the collection, which run one after the other because they share its models.</summary>
public sealed class FixtureCases : IDisposable
{
    private readonly Dictionary<(string, ScalarType), FixtureCase> _loaded = [];

    /// <summary>Every case in both precisions: theory data of (name, type).</summary>
    public static TheoryData<string, ScalarType> All => Of("vdm_v_c1", "vdm_eps_c1", "diffenc_nt_c1", "diffenc_unet_wide_c1");

    internal FixtureCase Get(string name, ScalarType type)
    {
        if (!_loaded.TryGetValue((name, type), out FixtureCase? loaded))
            _loaded.Add((name, type), loaded = new FixtureCase(name, type));
        return loaded;
    }

    private static TheoryData<string, ScalarType> Of(params string[] names)
    {
        TheoryData<string, ScalarType> data = [];
        foreach (string name in names)
        {
            data.Add(name, float64);
            data.Add(name, float32);
        }
        return data;
    }

    public void Dispose()
    {
        foreach (FixtureCase loaded in _loaded.Values)
            loaded.Dispose();
    }
}
