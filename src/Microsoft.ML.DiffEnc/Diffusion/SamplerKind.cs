namespace Microsoft.ML.DiffEnc;

/// <summary>
/// How images are generated. Every sampler goes from noise at t = 1 to an image at t = 0 in <see cref="GenerationOptions.Steps"/> steps, uniform in t;
/// <see cref="Ancestral"/> takes those of a model's own grid where their number is left alone.
/// </summary>
public enum SamplerKind
{
    /// <summary>
    /// Ancestral sampling of the process in T = <see cref="GenerationOptions.Steps"/> steps (DiffEnc, section 3). One evaluation of the network a
    /// step; new noise in every step. Draws from the model whose bound in T steps was trained or evaluated.
    /// </summary>
    Ancestral,

    /// <summary>
    /// The process of infinite depth as a stochastic differential equation, by an exponential Heun method whose moments are right to second order in
    /// the step. Two evaluations a step; new noise in every step. Tends to the trained model for every encoder as steps grow.
    /// </summary>
    Sde,

    /// <summary>
    /// The probability-flow ordinary differential equation, by an exponential Heun method of second order. Two evaluations a step; the noise at t = 1
    /// decides the image. Tends to the trained model without an encoder, with the non-trainable one, and with a trained one where the model has the
    /// second head (<see cref="DiffEncTrainer.Options.OdeHead"/>). With a trained encoder and no second head it is an approximation however many the
    /// steps: the equation needs the mean encoding given z, which is not what such a model predicts.
    /// </summary>
    Ode,

    /// <summary>
    /// The deterministic step z_s = α_s x̂_s + (σ_s/σ_t)(z_t − α_t x̂), for few steps; DDIM where there is no encoder. One evaluation a step; the
    /// noise at t = 1 decides the image. Tends to <see cref="Ode"/> as steps grow, to first order, and is an approximation where that is.
    /// </summary>
    Deterministic,
}
