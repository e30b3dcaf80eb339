using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>From z_0 back to pixels.</content>
public sealed partial class DiffEncModel
{
    /// <summary>log p(x | z_0): each dimension is categorical over the 256 pixel values.</summary>
    /// <param name="images">Pixel values 0..255, [B, C, H, W].</param>
    /// <param name="z0Rescaled">z_0/α_0, [B, C, H, W].</param>
    /// <returns>Nats per image, [B].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    public Tensor DecoderLogProb(Tensor images, Tensor z0Rescaled) => Scoped(() =>
    {
        var x = Scale(images);
        return Pixels.LogProbability(x, Own(z0Rescaled, x), Schedule.GammaAt(0, Device), Schedule.LeastGamma);
    });

    /// <summary>The most probable pixels given z_0.</summary>
    /// <param name="z0">[B, C, H, W].</param>
    /// <returns>Values 0..255 as bytes, [B, C, H, W].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    public Tensor Decode(Tensor z0) => Scoped(() =>
    {
        var z = Own(z0);
        return Pixels.MostProbable(z / NoiseLevel.At(Schedule.GammaAt(0, Device), DataType).Alpha);
    });

    /// <summary>A draw of the pixel values from p(x | z_0).</summary>
    /// <param name="z0">[B, C, H, W].</param>
    /// <param name="uniform">One number in [0, 1) for each value, [B, C, H, W], in single precision.</param>
    /// <returns>0..255 as bytes, [B, C, H, W].</returns>
    internal Tensor DrawPixels(Tensor z0, Tensor uniform) => Scoped(() =>
    {
        var z = Own(z0);
        var gamma0 = Schedule.GammaAt(0, Device);
        return Pixels.Draw(z / NoiseLevel.At(gamma0, DataType).Alpha, gamma0, Schedule.LeastGamma, Images(uniform));
    });
}
