namespace Microsoft.ML.DiffEnc;

/// <summary>How images are generated.</summary>
public enum SamplerKind
{
    /// <summary>Ancestral sampling of the process in <see cref="GenerationOptions.Steps"/> steps (DiffEnc, section 3).</summary>
    Ancestral,
}
