using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>The noise of images that are made together: each has a generator of its own, and so does not depend on the others.</summary>
internal sealed class ImageNoise : IDisposable
{
    private readonly DiffEncModel _model;
    private readonly long[] _shape;
    private readonly Generator[] _generators;

    /// <param name="model">The model that the noise is for: its image size, type and device.</param>
    /// <param name="seed">Decides the noise together with the image's number.</param>
    /// <param name="numbers">The number of each image.</param>
    public ImageNoise(DiffEncModel model, ulong seed, ReadOnlySpan<ulong> numbers)
    {
        _model = model;
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _generators = new Generator[numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
            _generators[i] = new Generator(Seeds.Mix(seed, numbers[i]), CPU);
    }

    /// <summary>Standard normal, [B, C, H, W], in the model's type and on its device.</summary>
    public Tensor Normal() => Draw(g => randn(_shape, dtype: float32, generator: g)).to(_model.DataType, _model.Device);

    /// <summary>Uniform in [0, 1), [B, C, H, W], in single precision and on the model's device.</summary>
    public Tensor Uniform() => Draw(g => rand(_shape, dtype: float32, generator: g)).to(_model.Device);

    public void Dispose()
    {
        foreach (var generator in _generators)
            generator.Dispose();
    }

    private Tensor Draw(Func<Generator, Tensor> draw) => stack(_generators.Select(draw));
}
