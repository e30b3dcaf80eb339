using Microsoft.ML.DiffEnc.Diffusion.Ode;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>The density of the probability-flow ODE.</content>
public sealed partial class DiffEncModel
{
    private const int MostOdeSteps = 10_000;

    /// <summary>
    /// Whether the probability-flow ODE follows the same process as the bound: without an encoder, with the non-trainable one, and with a trained
    /// one where the model has the second head that <see cref="DiffEncTrainer.Options.OdeHead"/> asks for. Otherwise it is an approximation of it: a
    /// density of its own.
    /// </summary>
    public bool HasExactOde => Description.Encoder != EncoderKind.Trainable || Description.OdeHead;

    /// <summary>
    /// log p_ODE(z_0): the density that the probability-flow ODE gives z_0 when z_1 ~ N(0, I) (Song et al., Score-Based Generative Modeling through
    /// Stochastic Differential Equations, 2021, section 4.3), by an adaptive Dormand–Prince method from γ(0) to γ(1). Unconditional. No graph is
    /// recorded.
    /// </summary>
    /// <param name="z0">[B, C, H, W].</param>
    /// <param name="probes">
    /// Random tensors of elements ±1 for Hutchinson's estimate of the divergence, [B, P, C, H, W]: P backward passes for every evaluation of the
    /// network. <see langword="null"/>: the exact divergence, by C·H·W backward passes; for tiny images.
    /// </param>
    /// <param name="tolerance">Of a step, absolute and relative, in units of the noise and in nats per dimension; above 0.</param>
    /// <returns>Nats per image, [B], in double precision whatever the model's type, and the evaluations of the network for each image.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tolerance"/> is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">The equation cannot be solved in 10,000 steps, or the network's output is not finite.</exception>
    public (Tensor LogDensity, IReadOnlyList<int> Evaluations) OdeLogDensity(Tensor z0, Tensor? probes = null, double tolerance = 1e-4)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!double.IsFinite(tolerance) || tolerance <= 0)
            throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance, "Expected a finite number above 0.");
        using var noGradients = no_grad();
        using var once = TakeFirstDerivativesOnly();
        using var scope = NewDisposeScope();
        var z = Images(z0).to(float64);
        if (probes is not null && (probes.dim() != 5 || probes.size(1) < 1 || !probes.shape.Where((_, i) => i != 1).SequenceEqual(z.shape)))
            throw new ArgumentException(
                $"The tensor is {Shape(probes)}; expected [B, P, C, H, W] with the images' {Shape(z)} and P at least 1.", nameof(probes));
        Tensor reference;
        using (ComputeSection.Enter())
            reference = z / sigmoid(-Schedule.GammaAt(0, Device)).sqrt();
        var (logDensity, evaluations) = new OdeDensity(Process(), DataType, tolerance, MostOdeSteps).Of(
            z, reference, probes is null ? DivergenceProbes.Exact : DivergenceProbes.Hutchinson(probes.to(DataType, Device)));
        return (logDensity.MoveToOuterDisposeScope(), evaluations);
    }

    /// <summary>Sets <see cref="FirstDerivativesOnly"/> until the result is disposed of.</summary>
    internal IDisposable TakeFirstDerivativesOnly() => new FirstDerivatives(this);

    private sealed class FirstDerivatives : IDisposable
    {
        private readonly DiffEncModel _model;
        private readonly bool _before;

        public FirstDerivatives(DiffEncModel model)
        {
            (_model, _before) = (model, model.FirstDerivativesOnly);
            model.FirstDerivativesOnly = true;
        }

        public void Dispose() => _model.FirstDerivativesOnly = _before;
    }
}
