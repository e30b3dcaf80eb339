using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>
/// The probability-flow ODE together with the change of log-density along it, in w = (z − α r)/σ with a fixed image r: the noise in z, were r the
/// image.
/// </summary>
/// <remarks>
/// <para>In u = z/α the ODE reads du/dγ = ½ (u − f) (see <see cref="OdeStep"/>), and w = e^{−γ/2} (u − r). So dw/dγ = ½ e^{−γ/2} (r − f): what was
/// linear is solved, w is of the size of unit noise at every γ, where z would have to be followed to within a small part of σ = 10⁻³, and with the
/// image itself for r the noise is hardly moved while it is small.</para>
/// <para>With ∂z/∂w = σ and σ e^{−γ/2} = α the divergence is ∇·dw/dγ = −½ α tr ∂f/∂z. Its integral L gives log p(w_0) = log p(w_1) + L, and the
/// density of z has log p(z) = log p(w) − d ln σ. The state carries L/d: nats per dimension, on which the same tolerance makes sense as on w.</para>
/// </remarks>
internal sealed class NoiseFlow(
    GenerativeProcess process, Tensor reference, DivergenceProbes probes, ScalarType dtype, double tolerance, FittingPasses passes)
{
    private static readonly long[] OverPixels = [1, 2, 3];

    private readonly OdeTolerance _tolerance = new(tolerance, tolerance);

    /// <summary>d.</summary>
    private long Dimensions => reference.numel() / reference.size(0);

    /// <summary>dw/dγ and d(L/d)/dγ, [A, d + 1].</summary>
    public Tensor Slope(Tensor gamma, Tensor state, Tensor rows)
        => passes.Of(rows.size(0), s => [SlopeOf(s.View(gamma), s.View(state), s.View(rows))])[0];

    private Tensor SlopeOf(Tensor gamma, Tensor state, Tensor rows)
    {
        using var scope = NewDisposeScope();
        var level = NoiseLevel.At(gamma, float64);
        var r = reference.index_select(0, rows);
        var w = state.narrow(1, 0, Dimensions).reshape(r.shape);
        var z = (level.Alpha * r + level.Sigma * w).to(dtype).detach().requires_grad_();
        Tensor f;
        using (enable_grad()) // the graph of this one evaluation goes with this scope
            f = process.OdeImage(z, gamma, NoiseLevel.At(gamma, dtype));
        var trace = probes.Trace(f, z, rows);
        var ofW = 0.5 * exp(-0.5 * gamma).reshape(-1, 1, 1, 1) * (r - f.detach().to(float64));
        var ofDensity = -0.5 * level.Alpha.flatten() * trace / Dimensions;
        return cat([ofW.flatten(1), ofDensity.unsqueeze(1)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>The root mean square over the pixels of the noise, or the error of L/d if that is larger.</summary>
    public Tensor Norm(Tensor error, Tensor from, Tensor to)
    {
        Tensor Part(long first, long length)
            => _tolerance.RootMeanSquare(error.narrow(1, first, length), from.narrow(1, first, length), to.narrow(1, first, length));
        return maximum(Part(0, Dimensions), Part(Dimensions, 1));
    }

    /// <summary>w and L = 0 at the beginning, [B, d + 1].</summary>
    public Tensor Start(Tensor z0, NoiseLevel level)
    {
        using var scope = NewDisposeScope();
        var w = ((z0.to(float64) - level.Alpha * reference) / level.Sigma).flatten(1);
        return cat([w, zeros(w.size(0), 1, dtype: float64, device: w.device)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>log N(z_1; 0, I), [B], and L, [B].</summary>
    public (Tensor Prior, Tensor Divergence) End(Tensor state, NoiseLevel level)
    {
        using var scope = NewDisposeScope();
        var z1 = level.Alpha * reference + level.Sigma * state.narrow(1, 0, Dimensions).reshape(reference.shape);
        var prior = -0.5 * (z1.square().sum(OverPixels) + Dimensions * Math.Log(2 * Math.PI));
        return (prior.MoveToOuterDisposeScope(), (Dimensions * state.select(1, Dimensions)).MoveToOuterDisposeScope());
    }
}
