namespace Microsoft.ML.DiffEnc;

/// <summary>How near generated images come to real ones.</summary>
/// <param name="EnergyDistance">
/// 2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖ between generated images X and real ones Y (Székely and Rizzo, 2013), where ‖·‖ is the root mean square over an
/// image's values as numbers from 0 to 1. 0 for equal distributions; an unbiased estimate, which may fall below 0 by chance. It compares pixels, not
/// what they show.
/// </param>
/// <param name="StandardError">The standard error of the energy distance over both sets of images.</param>
/// <param name="Samples">The number of generated images.</param>
/// <param name="References">The number of real images.</param>
public sealed record SampleMetrics(double EnergyDistance, double StandardError, int Samples, int References);
