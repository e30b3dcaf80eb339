namespace Microsoft.ML.DiffEnc;

/// <summary>How the noise level γ = −log SNR grows with time t, from γ_min to γ_max.</summary>
public enum NoiseScheduleKind
{
    /// <summary>γ(t) = γ_min + (γ_max − γ_min) t, the paper's.</summary>
    FixedLinear,

    /// <summary>γ(t) = b + |w| t; w and b start at γ_max − γ_min and γ_min and are trained with the networks, on the whole bound.</summary>
    TrainedEndPoints,

    /// <summary>
    /// γ(t) = ½ γ_max t¹⁰ + (½ γ_max − γ_min) t + γ_min, fixed. It ends at γ_max exactly, and increases only where γ_min lies below both ½ γ_max
    /// and 5½ γ_max; other end points are refused.
    /// </summary>
    Polynomial,

    /// <summary>
    /// A monotone network between the fixed end points γ_min and γ_max (Variational Diffusion Models, appendix H). The expected bound does not
    /// depend on it; it is trained to lower the variance of the bound's estimate.
    /// </summary>
    Monotone,
}
