namespace LikelihoodScoring.Data;

/// <summary>Normal pictures for training, for the validation points of the training curve, and for scoring: no picture is in two of them.</summary>
internal sealed record Split<T>(IReadOnlyList<T> Train, IReadOnlyList<T> Validation, IReadOnlyList<T> HeldOut)
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
        : [.. Enumerable.Range(0, count).Select(i => items[(int)((long)i * items.Count / count)])];
}
