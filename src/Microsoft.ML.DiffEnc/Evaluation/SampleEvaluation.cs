using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Evaluation;

/// <summary>Compares generated images with real ones.</summary>
internal static class SampleEvaluation
{
    /// <summary>All pairs of images are looked at: beyond this many the distances alone would take gigabytes.</summary>
    private const int MostImages = 10_000;

    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or cannot hold such images.</exception>
    /// <exception cref="InvalidOperationException">There are fewer than two images, or more than <see cref="MostImages"/>; or one is missing or of
    /// another size.</exception>
    public static SampleMetrics Evaluate(IHostEnvironment env, ImageColumn column, IDataView samples, IDataView reference)
    {
        NativeBackend.EnsureLoaded();
        var host = env.Register(nameof(SampleEvaluation));
        using var scope = NewDisposeScope();
        var (first, second) = (Points(host, samples, column, nameof(samples)), Points(host, reference, column, nameof(reference)));
        var (distance, error) = EnergyDistance.Between(first, second);
        double unit = Math.Sqrt(column.ValuesPerImage);
        return new SampleMetrics(distance / unit, error / unit, (int)first.size(0), (int)second.size(0));
    }

    /// <summary>Images as points with coordinates from 0 to 1, [n, d].</summary>
    private static Tensor Points(IHost host, IDataView data, ImageColumn column, string name)
    {
        var table = PixelTable.Load(host, data, column, CancellationToken.None);
        if (table.Count is < 2 or > MostImages)
            throw new InvalidOperationException(
                $"There are {table.Count} images in the data '{name}'; expected 2 to {MostImages}, whose distances are all computed. " +
                "Take some of them, by mlContext.Data.TakeRows for instance.");
        int[] rows = [.. Enumerable.Range(0, table.Count)];
        var pixels = empty([table.Count, table.ValuesPerImage], dtype: uint8);
        table.Gather(rows, pixels.bytes);
        using var section = ComputeSection.Enter();
        return pixels.to(float64) / 255;
    }
}
