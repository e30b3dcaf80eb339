using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>One step of a sampler, from z_t to z_s with s &lt; t.</summary>
internal abstract class SamplerStep(GenerativeProcess process)
{
    protected GenerativeProcess Process { get; } = process;

    /// <summary>Whether steps take noise.</summary>
    public abstract bool IsRandom { get; }

    /// <summary>z_s.</summary>
    /// <param name="z">z_t, [B, C, H, W].</param>
    /// <param name="t">Where the step starts.</param>
    /// <param name="s">Where it ends, below <paramref name="t"/>.</param>
    /// <param name="eps">Standard normal noise, [B, C, H, W]; samplers that are not random leave it unused and accept <see langword="null"/>.</param>
    /// <param name="weight">w = σ_Q²/σ_P²; for ancestral sampling, the others follow the process of infinite depth.</param>
    /// <returns>[B, C, H, W].</returns>
    public Tensor Next(Tensor z, double t, double s, Tensor? eps = null, double weight = 1)
    {
        if (eps is null && IsRandom)
            throw new ArgumentNullException(nameof(eps), $"{GetType().Name} takes noise.");
        using var scope = NewDisposeScope();
        return Next(z, ProcessStep.Between(Process.Schedule, t, s, z, weight), eps!).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="Next(Tensor, double, double, Tensor?, double)"/>
    protected abstract Tensor Next(Tensor z, ProcessStep step, Tensor eps);

    public static SamplerStep Create(SamplerKind kind, GenerativeProcess process) => kind switch
    {
        SamplerKind.Ancestral => new AncestralStep(process),
        SamplerKind.Sde => new SdeStep(process),
        SamplerKind.Ode => new OdeStep(process),
        SamplerKind.Deterministic => new DeterministicStep(process),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such sampler."),
    };
}
