namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>How pictures are repaired.</summary>
/// <param name="Generation">The steps, the class and the guidance, and who is told; the seed is not looked at.</param>
/// <param name="Repeats">How often every stretch of steps is done.</param>
/// <param name="Stretch">How many steps are repeated together.</param>
internal sealed record RepairPlan(GenerationOptions Generation, int Repeats, int Stretch);
