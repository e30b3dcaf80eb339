using Microsoft.ML;
using Microsoft.ML.Data;

namespace LikelihoodScoring.Data;

/// <summary>Makes a set with odd ones out of pictures with classes: some classes are normal, the others are odd.</summary>
internal static class ClassifiedImages
{
    /// <summary>Trains on the normal classes of <paramref name="train"/>; scores pictures of <paramref name="test"/> of every class.</summary>
    public static ImageSet Split(
        MLContext ml, Settings settings, string description, IDataView train, IDataView test, Func<uint, string> className)
    {
        ILookup<uint, byte[]> testing = ByClass(ml, test);
        (uint Label, byte[] Image)[] training = [.. Rows(ml, train)];
        uint[] classes = [.. training.Select(row => row.Label).Distinct().Order()];
        var (named, option) = settings.NormalClasses is null ? (settings.LeftOutClasses ?? [], "--leave-out") : (settings.NormalClasses, "--normal");
        if (named.Except(classes).Order().ToArray() is { Length: > 0 } unknown)
            throw new UsageException(
                $"{option} names {string.Join(", ", unknown)}, but the training data have the classes {string.Join(", ", classes)} and no others.");
        HashSet<uint> normal = [.. settings.NormalClasses ?? (settings.LeftOutClasses is null ? AllButTheLast(classes) : classes.Except(named))];

        byte[][] all = [.. training.Where(row => normal.Contains(row.Label)).Select(row => row.Image)];
        byte[][] heldOut = [.. testing.Where(c => normal.Contains(c.Key)).SelectMany(c => c)];
        int apart = Split<byte[]>.ValidationImages + settings.CalibrationImages;
        if (all.Length <= apart || heldOut.Length < 2)
            throw new UsageException(
                $"The normal classes have {all.Length} training and {heldOut.Length} test pictures; " +
                $"expected more than {apart} and at least 2. Take more classes for normal ({option}), or bring more pictures.");

        // At even distances: a file may be sorted by class, and its last pictures all of one.
        (IReadOnlyList<byte[]> validation, IReadOnlyList<byte[]> others) = Choose.EvenlyAndOthers(all, Split<byte[]>.ValidationImages);
        (IReadOnlyList<byte[]> calibration, IReadOnlyList<byte[]> rest) = Choose.EvenlyAndOthers(others, settings.CalibrationImages);
        uint[] oddClasses = [.. testing.Select(c => c.Key).Where(c => !normal.Contains(c)).Order()];
        var odd = oddClasses.Select(c => ($"class {className(c)}", Choose.Evenly([.. testing[c]], Math.Max(1, settings.TestImages / oddClasses.Length))));
        var shape = ((VectorDataViewType)train.Schema["Image"].Type).Dimensions;
        string normalNames = string.Join(", ", normal.Order().Select(className));
        return ImageSet.FromPixels(
            ml, $"{description}; normal classes: {normalNames}", width: shape[2], height: shape[1], channels: shape[0],
            new Split<byte[]>(rest, validation, Choose.Evenly(heldOut, settings.TestImages), calibration), [.. odd]);
    }

    private static uint[] AllButTheLast(uint[] classes) => classes.Length > 1 ? classes[..^1] : classes;

    private static ILookup<uint, byte[]> ByClass(MLContext ml, IDataView view) => Rows(ml, view).ToLookup(row => row.Label, row => row.Image);

    private static IEnumerable<(uint Label, byte[] Image)> Rows(MLContext ml, IDataView view) =>
        ml.Data.CreateEnumerable<ClassRow>(view, reuseRowObject: false).Select(row => (row.Label, row.Image));

    private sealed class ClassRow
    {
        public byte[] Image { get; set; } = [];
        public uint Label { get; set; }
    }
}
