namespace Microsoft.ML.DiffEnc;

/// <summary>How generation goes from one noise level to the next.</summary>
public enum SamplerKind
{
    /// <summary>Draws from the model's own reverse process, step by step.</summary>
    Ancestral,

    /// <summary>Integrates the reverse-time stochastic differential equation.</summary>
    Sde,

    /// <summary>Integrates the probability-flow ordinary differential equation.</summary>
    Ode,

    /// <summary>Follows the mean of every step, without noise after the first.</summary>
    Deterministic,
}
