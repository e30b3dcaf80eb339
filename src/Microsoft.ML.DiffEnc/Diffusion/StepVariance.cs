namespace Microsoft.ML.DiffEnc;

/// <summary>σ_P², the variance of a step of the generative process in T steps (DiffEnc, section 3 and appendix).</summary>
public enum StepVariance
{
    /// <summary>σ_P² = σ_Q², the posterior's: the usual choice, and the only one in continuous time.</summary>
    Posterior,

    /// <summary>
    /// σ_P² = σ_Q² (1 + M), the one that makes the bound smallest on the images that M = E‖μ_P − μ_Q‖²/(d σ_Q²) of each step is estimated from.
    /// </summary>
    Optimal,

    /// <summary>σ_P² = σ_Q²/w with one weight w for all steps, which the user gives.</summary>
    Fixed,
}
