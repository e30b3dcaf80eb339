using LikelihoodScoring.Data;
using Microsoft.ML.DiffEnc;
using TorchSharp;
using static TorchSharp.torch;

namespace LikelihoodScoring;

/// <summary>
/// How much a trained encoder does: the Euclidean norms ‖y‖ and ‖dy/dγ‖ of one picture's encoder output and of its derivative, each a root mean
/// square over held-out pictures and <paramref name="Times"/>. An untrained encoder has both at zero; ‖y‖ can be at most the root of the
/// number of dimensions.
/// </summary>
internal sealed record EncoderNorms(double Output, double Derivative, int Images, IReadOnlyList<float> Times)
{
    private const int MostImages = 64;
    private static readonly float[] MeasuredTimes = [0.1f, 0.3f, 0.5f, 0.7f, 0.9f];

    /// <summary>Measures on the validation pictures; null for encoders without a network.</summary>
    public static EncoderNorms? Measure(DiffEncModel model, EncoderKind encoder, ImageSet images)
    {
        if (encoder != EncoderKind.Trainable)
            return null;

        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        byte[][] pixels = [.. images.Pixels(images.Validation).Take(MostImages)];
        Tensor x = model.Scale(tensor(pixels.SelectMany(p => p).ToArray(), [pixels.Length, images.Channels, images.Height, images.Width]));

        double output = 0, derivative = 0;
        foreach (float time in MeasuredTimes)
        {
            using var step = NewDisposeScope();
            Tensor gamma = model.Gamma(full(pixels.Length, time));
            (Tensor y, Tensor dyDGamma) = model.EncoderOutput(x, gamma);
            output += y.square().sum().ToDouble();
            derivative += dyDGamma.square().sum().ToDouble();
        }
        double terms = (double)pixels.Length * MeasuredTimes.Length;
        return new EncoderNorms(Math.Sqrt(output / terms), Math.Sqrt(derivative / terms), pixels.Length, MeasuredTimes);
    }
}
