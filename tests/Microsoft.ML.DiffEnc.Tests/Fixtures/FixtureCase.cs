using System.Text.Json;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Fixtures;

/// <summary>
/// One case of the reference values, which the authors' code computed in float64: its model, its inputs in our layout, and comparison
/// with its outputs. Arrays of images are [.., H, W, C] in the files and [.., C, H, W] here.
/// </summary>
internal sealed class FixtureCase : IDisposable
{
    private readonly Npz _arrays;
    private readonly string _checkpoint, _config;
    private readonly int _width, _height;

    public FixtureCase(string name, ScalarType type)
    {
        Type = type;
        _arrays = new Npz(SharedData.Path("fixtures", $"{name}.npz"));
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("fixtures", "manifest.json")));
        JsonElement entry = manifest.RootElement.GetProperty("cases").GetProperty(name);
        _checkpoint = SharedData.Path("fixtures", entry.GetProperty("checkpoint").GetString()!);
        _config = SharedData.Path("fixtures", entry.GetProperty("config").GetString()!);
        int[] shape = [.. entry.GetProperty("input_shape").EnumerateArray().Select(size => size.GetInt32())];
        (_height, _width) = (shape[0], shape[1]);
        Dimensions = shape[0] * shape[1] * shape[2];
        ParameterCount = entry.GetProperty("n_params").GetInt64();
        Model = LoadModel("ema_params");
    }

    public ScalarType Type { get; }

    /// <summary>d = C·H·W.</summary>
    public int Dimensions { get; }

    public long ParameterCount { get; }

    public DiffEncModel Model { get; }

    /// <summary>Largest deviation allowed, relative to the array's largest value.</summary>
    public double Tolerance => Type == float64 ? 1e-9 : 1e-4;

    public DiffEncModel LoadModel(string weightsKey)
    {
        DiffEncModel model = ReferenceCheckpoint.Load(_checkpoint, _config, _width, _height, weightsKey);
        model.To(Type);
        return model;
    }

    public bool Has(string name) => _arrays.Has(name);

    /// <summary>An input that is not made of images: times, noise levels, classes.</summary>
    public Tensor Vector(string name) => _arrays.Tensor(name);

    public double[] Numbers(string name) => _arrays.Doubles(name);

    /// <summary>Images [.., C, H, W] in the file's own type.</summary>
    public Tensor Images(string name) => _arrays.Tensor(name).movedim([-1], [-3]);

    /// <summary>Requires the file's images, as they are or up to the tolerance.</summary>
    public void RequireImages(string name, Tensor actual, double? tolerance = null) => Require(name, Images(name), actual, tolerance);

    /// <summary>Requires the file's numbers.</summary>
    public void RequireNumbers(string name, Tensor actual, double? tolerance = null)
    {
        Tensor expected = _arrays.Tensor(name);
        Require(name, expected, actual.reshape(expected.shape), tolerance);
    }

    /// <summary>Requires one slice along the first axis of the file's images, measured against the largest value of the whole array.</summary>
    public void RequireSlice(string name, int index, Tensor actual) =>
        Require($"{name}[{index}]", Images(name)[index], actual, tolerance: null, scaleOf: Images(name));

    private void Require(string name, Tensor expected, Tensor actual, double? tolerance, Tensor? scaleOf = null)
    {
        Assert.Equal(expected.shape, actual.shape);
        double scale = (scaleOf ?? expected).to(float64).abs().max().item<double>();
        double deviation = (expected.to(float64) - actual.to(float64)).abs().max().item<double>();
        double allowed = (tolerance ?? Tolerance) * scale;
        Assert.True(deviation <= allowed, FormattableString.Invariant(
            $"{name} in {Type}: deviates by {deviation:e2}, relative to its largest value {scale:e2} by {deviation / scale:e2}; allowed {tolerance ?? Tolerance:e0}."));
    }

    public void Dispose() => Model.Dispose();
}
