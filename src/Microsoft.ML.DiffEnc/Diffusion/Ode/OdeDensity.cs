using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>
/// log p_ODE(z_0): the density that the probability-flow ODE gives z_0 when z_1 ~ N(0, I), by the change of variables along its trajectory
/// (Song et al., 2021, section 4.3; Chen et al., 2018).
/// </summary>
/// <param name="process">The model.</param>
/// <param name="dtype">The type in which it computes; the trajectory itself is kept in double precision.</param>
/// <param name="tolerance">Of a step, absolute and relative: on the noise w and on log p/d, see <see cref="NoiseFlow"/>.</param>
/// <param name="mostSteps">The most steps for an image.</param>
internal sealed class OdeDensity(GenerativeProcess process, ScalarType dtype, double tolerance, int mostSteps)
{
    private readonly FittingPasses _passes = new();

    /// <param name="z0">[B, C, H, W].</param>
    /// <param name="reference">
    /// r, images near z_0/α_0 (the encoded images, if they are known), in double precision, [B, C, H, W]. The result does not depend on them; the
    /// number of steps does.
    /// </param>
    /// <param name="probes">Of the divergence.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>Nats per image, [B], in double precision, and the evaluations of the network for each image.</returns>
    /// <exception cref="InvalidOperationException">An image takes too many steps, or the network's output is not finite.</exception>
    public (Tensor LogDensity, int[] Evaluations) Of(
        Tensor z0, Tensor reference, DivergenceProbes probes, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        var flow = new NoiseFlow(process, reference, probes, dtype, tolerance, _passes);
        var (start, gamma0, gamma1) = Start(flow, z0);
        var (end, evaluations) = new DormandPrince(flow.Norm, mostSteps).Solve(flow.Slope, start, gamma0, gamma1, cancellationToken);

        using var section = ComputeSection.Enter();
        var (prior, divergence) = flow.End(end, Level(gamma1, z0));
        long dimensions = reference.numel() / reference.size(0);
        var logDensity = prior + divergence + dimensions * (LogSigma(gamma1) - LogSigma(gamma0));
        return (logDensity.MoveToOuterDisposeScope(), evaluations);
    }

    private (Tensor State, double Gamma0, double Gamma1) Start(NoiseFlow flow, Tensor z0)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        double Gamma(double t) => process.Schedule.GammaAt(t, z0.device).item<double>();
        var (gamma0, gamma1) = (Gamma(0), Gamma(1));
        return (flow.Start(z0, Level(gamma0, z0)).MoveToOuterDisposeScope(), gamma0, gamma1);
    }

    private static NoiseLevel Level(double gamma, Tensor like) => NoiseLevel.At(full(1, gamma, dtype: float64, device: like.device), float64);

    /// <summary>ln σ = ½ ln sigmoid(γ).</summary>
    private static double LogSigma(double gamma) => -0.5 * (gamma < 0 ? Math.Log(1 + Math.Exp(gamma)) - gamma : Math.Log(1 + Math.Exp(-gamma)));
}
