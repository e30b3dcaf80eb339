namespace Microsoft.ML.DiffEnc;

/// <summary>How the noise grows with time.</summary>
public enum NoiseScheduleKind
{
    /// <summary>γ(t) = γ_min + (γ_max − γ_min) t, the paper's.</summary>
    FixedLinear,
}
