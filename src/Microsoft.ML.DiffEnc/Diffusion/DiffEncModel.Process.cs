using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>The model as samplers see it: estimates of the image, of one class or of any, with guidance or without.</content>
public sealed partial class DiffEncModel
{
    /// <summary>The model as samplers see it.</summary>
    /// <param name="class">The class of all images, 1..<see cref="Classes"/>; 0: unconditional.</param>
    /// <param name="guidance">g, at least 0: see <see cref="Guided"/>.</param>
    internal GenerativeProcess Process(int @class = 0, double guidance = 0)
        => Process(z => full(z.size(0), @class, dtype: DataType, device: Device), guidance);

    /// <summary>The model as samplers of images of several classes see it.</summary>
    /// <param name="classes">The class of each image, 1..<see cref="Classes"/>; 0: unconditional.</param>
    /// <param name="guidance">g, at least 0: see <see cref="Guided"/>. It leaves images without a class as they are.</param>
    internal GenerativeProcess Process(ReadOnlySpan<int> classes, double guidance = 0)
    {
        int[] ofImages = classes.ToArray();
        return Process(_ => tensor(ofImages).to(DataType).to(Device), guidance);
    }

    private GenerativeProcess Process(Func<Tensor, Tensor> conditioning, double guidance = 0)
    {
        if (guidance == 0)
            return new(
                Schedule,
                (z, gamma) => ImageEstimate(z, gamma, conditioning(z)),
                _encoder.Drifts,
                _denoiser.HasOdeHead ? (z, gamma) => BothEstimates(z, gamma, conditioning(z)) : null);
        // With and without the class, in one pass of the network.
        Tensor Twice(Tensor z) => cat([conditioning(z), zeros(z.size(0), dtype: DataType, device: Device)]);
        Tensor XHat(Tensor z, Tensor gamma) => Guided(ImageEstimate(cat([z, z]), Doubled(gamma), Twice(z)), guidance);
        (Tensor XHat, Tensor OutputMean) Both(Tensor z, Tensor gamma)
        {
            var (xHat, outputMean) = BothEstimates(cat([z, z]), Doubled(gamma), Twice(z));
            return (Guided(xHat, guidance), Guided(outputMean, guidance));
        }
        return new(Schedule, XHat, _encoder.Drifts, _denoiser.HasOdeHead ? Both : null);
    }

    /// <summary>The encoder at both ends of a step, as inpainting asks for it.</summary>
    /// <param name="class">The class of all images, 1..<see cref="Classes"/>; 0: unconditional.</param>
    internal StepEncoding EncodingOfSteps(int @class) => (x, gammaT, gammaS) =>
    {
        long count = x.size(0);
        return _encoder.EncodeWithChange(x, gammaT.expand(count), gammaS.expand(count), full(count, @class, dtype: DataType, device: Device));
    };

    /// <summary>x̂ at z_t and γ_t, [B] or [1].</summary>
    private Tensor ImageEstimate(Tensor z, Tensor gamma, Tensor conditioning)
        => _denoiser.Image(_denoiser.Predict(z, gamma.expand(z.size(0)), conditioning), z, NoiseLevel.At(gamma, z.dtype));

    /// <summary>x̂ and E[y + dy/dγ | z].</summary>
    private (Tensor XHat, Tensor OutputMean) BothEstimates(Tensor z, Tensor gamma, Tensor conditioning)
    {
        var (prediction, outputMean) = _denoiser.PredictBoth(z, gamma.expand(z.size(0)), conditioning, cut: false);
        return (_denoiser.Image(prediction, z, NoiseLevel.At(gamma, z.dtype)), outputMean);
    }

    /// <summary>γ of [B] once more behind itself; one γ for all images as it is.</summary>
    private static Tensor Doubled(Tensor gamma) => gamma.size(0) == 1 ? gamma : cat([gamma, gamma]);

    /// <summary>
    /// Classifier-free guidance (Ho and Salimans, 2022): x̂_c + g (x̂_c − x̂_∅), away from what the model expects without knowing the class.
    /// </summary>
    /// <param name="both">x̂_c of all images, then x̂_∅ of all, [2B, C, H, W].</param>
    /// <param name="g">At least 0.</param>
    private static Tensor Guided(Tensor both, double g)
    {
        var parts = both.chunk(2, 0);
        return parts[0] + g * (parts[0] - parts[1]);
    }
}
