using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>The networks' inner activations. Arguments are in the model's type and on its device, noise levels γ in double precision.</content>
public sealed partial class DiffEncModel
{
    /// <summary>Features of images that the model was trained on; <see langword="null"/>: it remembers none.</summary>
    internal NearestNeighbours? TrainingImages { get; set; }

    /// <summary>The names of the denoiser's blocks, in the order that they are computed.</summary>
    internal IReadOnlyList<string> DenoiserBlocks => Denoiser.BlockNames(Description.Denoiser.Blocks);

    /// <summary>The names of the encoder's blocks; none where it is not a network.</summary>
    internal IReadOnlyList<string> EncoderBlocks => _encoder.BlockNames;

    /// <summary>x_t.</summary>
    internal Tensor Encoded(Tensor x, Tensor gamma, Tensor conditioning) => Scoped(() => _encoder.Encode(x, gamma, conditioning));

    /// <summary>y alone.</summary>
    internal Tensor EncoderValue(Tensor x, Tensor gamma, Tensor conditioning)
        => Scoped(() => _encoder.Output(x, new Dual(gamma), conditioning).Value);

    /// <summary>What a block of the encoder gives, [B, channels, height, width].</summary>
    internal Tensor EncoderActivation(Tensor x, Tensor gamma, Tensor conditioning, string block)
        => Scoped(() => _encoder.Activation(x, gamma, conditioning, block));

    /// <summary>What a block of the denoiser gives for z_t = α_t x_t + σ_t ε, [B, channels, height, width].</summary>
    internal Tensor DenoiserActivation(Tensor x, Tensor gamma, Tensor eps, Tensor conditioning, string block) => Scoped(() =>
    {
        var level = NoiseLevel.At(gamma, x.dtype);
        var zT = level.Alpha * _encoder.Encode(x, gamma, conditioning) + level.Sigma * eps;
        return _denoiser.Activation(zT, gamma, conditioning, block);
    });
}
