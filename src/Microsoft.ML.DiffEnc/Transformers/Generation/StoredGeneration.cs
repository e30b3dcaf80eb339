namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>What a saved pipeline keeps of <see cref="GenerationOptions"/>: all but who is told and what cancels.</summary>
/// <param name="Steps">T, where it was set.</param>
/// <param name="Sampler">The sampler.</param>
/// <param name="SamplePixels">Whether pixel values are drawn.</param>
/// <param name="Seed">The seed of the noise.</param>
/// <param name="Class">The class of all images; <see langword="null"/>: none, or that of a column.</param>
/// <param name="Guidance">g.</param>
internal sealed record StoredGeneration(int? Steps, SamplerKind Sampler, bool SamplePixels, int Seed, int? Class, double Guidance)
{
    /// <param name="options">Options that <see cref="GenerationCheck"/> has resolved.</param>
    /// <param name="model">Whose scoring seed is taken where the options have none.</param>
    public static StoredGeneration Of(GenerationOptions options, DiffEncTransformer model) => new(
        options.StepsAsSet, options.Sampler, options.SamplePixels, options.Seed ?? model.Settings.Seed, options.Class, options.Guidance);

    public GenerationOptions ToOptions() => new()
    {
        StepsAsSet = Steps,
        Sampler = Sampler,
        SamplePixels = SamplePixels,
        Seed = Seed,
        Class = Class,
        Guidance = Guidance,
    };
}
