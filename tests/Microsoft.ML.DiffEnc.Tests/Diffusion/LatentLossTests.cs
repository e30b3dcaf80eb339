using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

/// <summary>The latent loss needs no network when there is no encoder: on known data it is a known number.</summary>
public class LatentLossTests
{
    private const double GammaMax = 5;

    [SharedDataFact]
    public void Latent_loss_of_identity_encoder_on_MNIST_matches_closed_form()
        => Check(new MLContext().Data.LoadFromIdx(SharedData.Path("data", "mnist", "train-images-idx3-ubyte.gz")), 28, 1, 0.00445, 5e-6); // given to five places

    [SharedDataFact]
    public void Latent_loss_of_identity_encoder_on_CIFAR10_matches_closed_form()
        => Check(new MLContext().Data.LoadFromCifar10(SharedData.Path("data", "cifar10", "cifar10-train-2000.bin.gz")), 32, 3, 0.00124, 2e-5); // of all 60,000 images; here are 2,000

    private static void Check(IDataView data, int side, int channels, double known, double tolerance)
    {
        byte[][] images = [.. data.GetColumn<byte[]>("Image")];
        Assert.Equal(known, ClosedForm(images), tolerance);

        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = DiffEncModel.Create(new ModelDescription
        {
            Width = side,
            Height = side,
            Channels = channels,
            Encoder = EncoderKind.None,
            Denoiser = NetworkSize.Of(4, 1, 1),
            GammaMax = GammaMax,
        });
        byte[][] some = images[..200];
        var batch = tensor([.. some.SelectMany(p => p)], [some.Length, channels, side, side], dtype: uint8);
        foreach (var type in new[] { float32, float64 })
        {
            model.To(type);
            var noise = zeros(batch.shape);
            double loss = model.Bound(batch, full(some.Length, 0.5), noise, noise).Latent.mean().to(float64).item<double>() / model.Description.NatsPerBitPerDimension;
            Assert.Equal(1, loss / ClosedForm(some), type == float32 ? 1e-6 : 1e-12);
        }
    }

    /// <summary>½ E[α_1² x̃² + σ_1² − ln σ_1² − 1] over all pixels, in bits, from counts of the pixel values.</summary>
    private static double ClosedForm(byte[][] images)
    {
        var counts = new long[256];
        foreach (byte value in images.SelectMany(p => p))
            counts[value]++;
        double alphaSquared = 1 / (1 + Math.Exp(GammaMax)), sigmaSquared = 1 - alphaSquared;
        double meanSquare = counts.Select((n, value) => n * Math.Pow(2 * (value + 0.5) / 256 - 1, 2)).Sum() / counts.Sum();
        return 0.5 * (alphaSquared * meanSquare + sigmaSquared - Math.Log(sigmaSquared) - 1) / Math.Log(2);
    }
}
