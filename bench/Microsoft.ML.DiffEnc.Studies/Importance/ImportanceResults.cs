namespace Microsoft.ML.DiffEnc.Studies.Importance;

/// <summary>The figures of a study; losses are in bits per dimension.</summary>
/// <param name="Settings">What was asked for.</param>
/// <param name="Rows">The ways of choosing times.</param>
internal sealed record ImportanceResults(ImportanceSettings Settings, IReadOnlyList<ImportanceRow> Rows);

/// <summary>One way of choosing times.</summary>
/// <param name="Times">
/// Independent or evenly spread in a set, and what their density is proportional to: V is the noise of the losses, S their squared means;
/// uniform where nothing is said.
/// </param>
/// <param name="Loss">The diffusion loss, averaged over the images.</param>
/// <param name="DrawError">Its standard error over the draws of these images.</param>
/// <param name="Variance">The variance of an image's diffusion loss over its draws, averaged over the images.</param>
/// <param name="Ratio">That variance over the one with evenly spread uniform times.</param>
/// <param name="Low">Where the middle 95 % of that ratio begin, over bootstrap samples of the images.</param>
/// <param name="High">Where they end.</param>
/// <param name="Density">p(t) on bins of equal width; null: uniform.</param>
internal sealed record ImportanceRow(
    string Times, double Loss, double DrawError, double Variance, double Ratio, double Low, double High, IReadOnlyList<double>? Density);
