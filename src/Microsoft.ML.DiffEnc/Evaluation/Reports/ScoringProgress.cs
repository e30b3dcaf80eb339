namespace Microsoft.ML.DiffEnc;

/// <summary>Where a pass over images stands.</summary>
/// <param name="ImagesDone">Images scored.</param>
/// <param name="Images">Images in all; <see langword="null"/>: the data do not say.</param>
public sealed record ScoringProgress(long ImagesDone, long? Images);
