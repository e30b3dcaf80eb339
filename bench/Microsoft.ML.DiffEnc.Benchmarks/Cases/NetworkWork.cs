using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Benchmarks.Cases;

/// <summary>
/// Floating-point operations of matrix products and convolutions, multiplications and additions counted separately, from the shapes of the
/// weights. What is done value by value is not counted.
/// </summary>
internal sealed partial class NetworkWork
{
    private NetworkWork(double denoiser, double encoder) => (Denoiser, Encoder) = (denoiser, encoder);

    /// <summary>Of one pass of the denoiser on one image.</summary>
    public double Denoiser { get; }

    /// <summary>Of one pass of the encoder on one image; 0 without one.</summary>
    public double Encoder { get; }

    /// <summary>
    /// Of a training step on one image. Forward: the denoiser once and four passes of the encoder, at t = 0 and 1 and, at t, value and derivative.
    /// Backward: twice as much.
    /// </summary>
    public double Step => 3 * (Denoiser + 4 * Encoder);

    public static NetworkWork Of(ModelDescription model, IReadOnlyDictionary<string, long[]> shapes)
    {
        double Sum(string network) => shapes.Where(s => s.Key.StartsWith(network, StringComparison.Ordinal)).Sum(s => Layer(s.Key, s.Value, shapes, model));
        return new(Sum("denoiser."), Sum("encoder."));
    }

    private static double Layer(string name, long[] shape, IReadOnlyDictionary<string, long[]> shapes, ModelDescription model)
    {
        if (shape.Length < 2)
            return 0; // offsets and norms
        double weights = shape.Aggregate(1.0, (a, n) => a * n);
        if (name.Contains(".time_embedding.", StringComparison.Ordinal) || name.Contains(".cond_proj.", StringComparison.Ordinal))
            return 2 * weights;
        int halvings = name.StartsWith("encoder.", StringComparison.Ordinal) ? Halvings(name, shapes) : 0;
        double pixels = (double)(model.Height >> halvings) * (model.Width >> halvings);
        double work = 2 * weights * pixels;
        if (name.EndsWith(".attention.q.weight", StringComparison.Ordinal))
            work += 4 * pixels * pixels * shape[0]; // q·k and their mixing of v
        return work;
    }

    /// <summary>How often the encoder has halved the picture where the layer of that name stands.</summary>
    private static int Halvings(string name, IReadOnlyDictionary<string, long[]> shapes)
    {
        int levels = shapes.Keys.Count(k => k.StartsWith("encoder.up.", StringComparison.Ordinal) && k.EndsWith(".upsample.weight", StringComparison.Ordinal));
        var place = Place().Match(name);
        int number = place.Success ? int.Parse(place.Groups["level"].Value, CultureInfo.InvariantCulture) : 0;
        return place.Groups["way"].Value switch
        {
            "down" => number,
            "up" => levels - 1 - number + (name.Contains(".upsample.", StringComparison.Ordinal) ? 1 : 0), // it reads the smaller picture
            _ => name.Contains(".conv_", StringComparison.Ordinal) ? 0 : levels, // first and last convolution; the middle
        };
    }

    [GeneratedRegex(@"^encoder\.(?<way>down|up)\.(?<level>\d+)\.")]
    private static partial Regex Place();
}
