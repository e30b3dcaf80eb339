namespace LikelihoodScoring.Data;

/// <summary>Normal pictures for training, for the validation points of the training curve, and for scoring, and, where a
/// detector is calibrated, for that: no picture is in two of them.</summary>
internal sealed record Split<T>(IReadOnlyList<T> Train, IReadOnlyList<T> Validation, IReadOnlyList<T> HeldOut, IReadOnlyList<T> Calibration)
{
    /// <summary>How many pictures the validation points are taken from.</summary>
    public const int ValidationImages = 64;
}

/// <summary>Ways of choosing a few of many.</summary>
internal static class Choose
{
    /// <summary>Up to <paramref name="count"/> items at even distances, so that a file sorted in some way is represented throughout.</summary>
    public static IReadOnlyList<T> Evenly<T>(IReadOnlyList<T> items, int count) => count >= items.Count
        ? items
        : [.. EvenPlaces(items.Count, count).Select(i => items[i])];

    /// <summary>The items that <see cref="Evenly"/> chooses, and the others in their order.</summary>
    public static (IReadOnlyList<T> Chosen, IReadOnlyList<T> Others) EvenlyAndOthers<T>(IReadOnlyList<T> items, int count)
    {
        HashSet<int> chosen = count >= items.Count ? [.. Enumerable.Range(0, items.Count)] : [.. EvenPlaces(items.Count, count)];
        return (Evenly(items, count), [.. items.Where((_, i) => !chosen.Contains(i))]);
    }

    private static IEnumerable<int> EvenPlaces(int items, int count) =>
        Enumerable.Range(0, count).Select(i => (int)((long)i * items / count));
}
