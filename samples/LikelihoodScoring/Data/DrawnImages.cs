using LikelihoodScoring.Drawing;
using Microsoft.ML;

namespace LikelihoodScoring.Data;

/// <summary>Digits that the sample draws itself, and five kinds of odd ones.</summary>
internal static class DrawnImages
{
    private const int Size = 16;
    private const int TrainingImages = 4000;

    public static ImageSet Draw(MLContext ml, Settings settings)
    {
        var painter = new Painter(Size, settings.Seed);
        byte[][] Digits(int count) => [.. Enumerable.Range(0, count).Select(_ => painter.Digit())];

        byte[][] train = Digits(TrainingImages), validation = Digits(Split<byte[]>.ValidationImages), heldOut = Digits(settings.TestImages);
        int perKind = Math.Max(1, settings.TestImages / painter.OddKinds.Count);
        (string, IReadOnlyList<byte[]>)[] odd =
            [.. painter.OddKinds.Select(kind => (kind.Key, (IReadOnlyList<byte[]>)[.. Enumerable.Range(0, perKind).Select(_ => kind.Value())]))];
        return ImageSet.FromPixels(
            ml, "digits drawn by the sample", Size, Size, channels: 1, new(train, validation, heldOut, Digits(settings.CalibrationImages)), odd);
    }
}
