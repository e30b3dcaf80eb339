using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>x_t and (x_s − x_t)/(−e σ_t²) of images x, at γ_t and γ_s, [1]: the encoder as inpainting sees it.</summary>
internal delegate (Tensor Encoded, Tensor Change) StepEncoding(Tensor x, Tensor gammaT, Tensor gammaS);

/// <summary>
/// Draws the unknown pixels of images given the known ones, by ancestral steps in which the known part of z_s is put in place of the sampled one
/// (RePaint: Lugmayr et al., 2022), for a process with an encoder.
/// </summary>
/// <remarks>
/// <para>
/// Without an encoder the known part of z_s ~ q(z_s | x) needs the known pixels alone. An encoder looks at the whole picture, and x_s of the known
/// places may depend on what is not known. So a whole picture c is carried along: known pixels as they are, and a guess of the others. What is
/// replaced is z_s = α_s x_s(c) + σ_s ε.
/// </para>
/// <para>
/// The guess is the picture that the denoiser now speaks of. For the true x, the posterior's mean μ_Q carries −e x_t + (x_s − x_t) where the model's
/// μ_P carries (−e + (γ_t − γ_s) σ_t²) x̂; so c should make these two equal, h(c) = x̂ with h(c) = [−e x_t + (x_s − x_t)]/(−e + (γ_t − γ_s) σ_t²).
/// Every step moves it by what is missing, c ← c + x̂ − h(c): without an encoder c = x̂ at once; with the non-trainable one, h(c) = α_t² c, it
/// tends to E[x | z] while the noise falls, and never divides by an α_t that is nearly 0. Pixels lie in [−1, 1], and so does c.
/// </para>
/// <para>
/// Steps alone make a part that fits its surroundings as they were, noisy. So stretches of some steps are repeated: after each the process
/// goes back by its own noising, z_t = (α_t/α_s) z_s + α_t (x_t − x_s) + σ_t √(−e) ε, with x_t − x_s that of c. With many repetitions and steps the
/// draws tend to p(unknown | known).
/// </para>
/// </remarks>
internal sealed class Inpainting : IDisposable
{
    private readonly GenerativeProcess _process;
    private readonly StepEncoding _encode;
    private readonly Tensor _known, _unknown;
    private Tensor _picture; // c

    /// <param name="process">The model.</param>
    /// <param name="encode">Its encoder.</param>
    /// <param name="x">Scaled images, [B, C, H, W]; what they hold in unknown places is not looked at.</param>
    /// <param name="unknown">Booleans that can be laid over x: true where pixels are to be drawn.</param>
    public Inpainting(GenerativeProcess process, StepEncoding encode, Tensor x, Tensor unknown)
    {
        (_process, _encode, _known, _unknown) = (process, encode, x, unknown);
        _picture = where(unknown, zeros_like(x), x).DetachFromDisposeScope();
    }

    public void Dispose() => _picture.Dispose();

    /// <summary>z_0 from z_1; its known part is noise as good as any other.</summary>
    /// <param name="z1">Standard normal, [B, C, H, W], left as it is.</param>
    /// <param name="grid">The steps.</param>
    /// <param name="stretch">How many steps are repeated together.</param>
    /// <param name="repeats">How often each stretch is done, at least 1.</param>
    /// <param name="noise">Standard normal noise, [B, C, H, W], new in every call.</param>
    /// <param name="stepped">Told how many steps are done after each, of <see cref="CountSteps"/>.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    public Tensor Run(
        Tensor z1, TimeGrid grid, int stretch, int repeats, Func<Tensor> noise, Action<int>? stepped = null,
        CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        var z = z1.alias();
        int done = 0;
        for (int last = grid.Depth; last > 0; last = Math.Max(0, last - stretch))
        {
            int first = Math.Max(0, last - stretch);
            for (int pass = 1; pass <= repeats; pass++)
            {
                for (int i = last; i > first; i--)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    z = Replaced(z, () => Step(z, Between(grid, i, i - 1, z), noise));
                    stepped?.Invoke(++done);
                }
                if (pass < repeats)
                    z = Replaced(z, () => Noised(z, Between(grid, last, first, z), noise));
            }
        }
        return z.MoveToOuterDisposeScope();
    }

    /// <summary>The evaluations of the denoiser that <see cref="Run"/> takes.</summary>
    public static int CountSteps(TimeGrid grid, int repeats) => checked(grid.Depth * repeats);

    /// <summary>A draw of q(z_t | z_s, c), back up from s to t.</summary>
    public Tensor Noised(Tensor z, ProcessStep step, Func<Tensor> noise)
    {
        var change = _encode(_picture, step.GammaT, step.GammaS).Change; // x_t − x_s = e σ_t² of it
        return step.LevelT.Alpha * (z / step.LevelS.Alpha + step.E * step.LevelT.SigmaSquared * change)
            + step.LevelT.Sigma * (-step.E).sqrt() * noise();
    }

    /// <summary>z_s, with its known part from the picture; the picture follows x̂.</summary>
    private Tensor Step(Tensor z, ProcessStep step, Func<Tensor> noise)
    {
        var xHat = _process.XHat(z, step.GammaT);
        var sampled = AncestralStep.From(z, xHat, step, _process.Drifts, noise());
        var (encodedT, change) = _encode(_picture, step.GammaT, step.GammaS);
        var encodedS = encodedT - step.E * step.LevelT.SigmaSquared * change;
        Follow(xHat - Share(step) * (encodedT + step.LevelT.SigmaSquared * change));
        return where(_unknown, sampled, step.LevelS.Alpha * encodedS + step.LevelS.Sigma * noise());
    }

    /// <summary>−e/(−e + (γ_t − γ_s) σ_t²), which without an encoder is 1. In double precision, and also for a step that stands still.</summary>
    private Tensor Share(ProcessStep step)
    {
        if (!_process.Drifts)
            return ones_like(step.E);
        var length = ImageEncoder.NotZero(step.GammaT - step.GammaS).reshape(1, 1, 1, 1);
        return (1 / (1 + length / -expm1(-length) * step.LevelT.SigmaSquared)).to(step.E.dtype);
    }

    private void Follow(Tensor missing)
    {
        var next = where(_unknown, (_picture + missing).clamp(-1, 1), _known).DetachFromDisposeScope();
        _picture.Dispose();
        _picture = next;
    }

    private ProcessStep Between(TimeGrid grid, int from, int to, Tensor like)
        => ProcessStep.Between(_process.Schedule, grid.Times[from], grid.Times[to], like, from == to + 1 ? grid.Weights[to] : 1);

    /// <summary>The tensor that is computed of <paramref name="old"/>, in a section and a scope of its own.</summary>
    private static Tensor Replaced(Tensor old, Func<Tensor> compute)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var next = compute().MoveToOuterDisposeScope();
        old.Dispose();
        return next;
    }
}
