namespace Microsoft.ML.DiffEnc;

/// <summary>What the denoiser predicts.</summary>
public enum Parameterization
{
    /// <summary>v = α_t ε − σ_t x_t.</summary>
    V,

    /// <summary>The noise ε.</summary>
    Epsilon,
}
