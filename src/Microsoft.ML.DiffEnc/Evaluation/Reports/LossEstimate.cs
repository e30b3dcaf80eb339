namespace Microsoft.ML.DiffEnc;

/// <summary>A loss, averaged over images each of which was scored on K independent sets of draws, with its errors.</summary>
/// <remarks>
/// With the image means ȳ_i over the K sets, s_i² the variance of one image's sets, and n images:
/// <c>StandardError² = Σ(ȳ_i − ȳ)² / (n(n − 1))</c>, <c>DrawStandardError² = Σ s_i²/K / n²</c>, and <c>ImageStandardError²</c> their difference.
/// The spread of the image means holds that of their draws, in expectation exactly as much as the second figure: so the first figure is
/// already the whole error, and the difference is what more draws cannot reduce. Both squares are unbiased.
/// </remarks>
/// <param name="Mean">The mean over the images.</param>
/// <param name="StandardError">
/// How far the mean is from that of all images of the kind, under an exact bound: from images and draws together. NaN with one image.
/// </param>
/// <param name="ImageStandardError">
/// What would be left of it with endless draws: to be reduced by more images only. 0 where the spread of the images is lost in that of their
/// draws; NaN with one image or one set of draws.
/// </param>
/// <param name="DrawStandardError">
/// How far the mean is from the exact bound of these very images: what another seed would change. For comparing models on the same test set.
/// NaN with one set of draws.
/// </param>
public sealed record LossEstimate(double Mean, double StandardError, double ImageStandardError, double DrawStandardError);
