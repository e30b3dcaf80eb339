namespace Microsoft.ML.DiffEnc;

/// <summary>Where a generation stands. Images are made some at a time; each such pass takes all the steps.</summary>
/// <param name="Step">Steps done for the images in the making.</param>
/// <param name="Steps">Steps that they take.</param>
/// <param name="ImagesDone">Images that are finished.</param>
/// <param name="Images">Images in all.</param>
public sealed record GenerationProgress(int Step, int Steps, int ImagesDone, int Images);
