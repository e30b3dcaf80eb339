using Microsoft.ML.DiffEnc.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>The trace of a Jacobian ∂f/∂z from vector–Jacobian products, each one backward pass.</summary>
internal abstract class DivergenceProbes
{
    /// <summary>Every diagonal element: d products.</summary>
    public static DivergenceProbes Exact { get; } = new UnitVectors();

    /// <summary>
    /// Hutchinson's estimate: the mean of vᵀ (∂f/∂z) v over probes v with E[v vᵀ] = I, unbiased. With elements ±1 the diagonal is exact, and only
    /// what is beside it adds variance. The probes of an image stay the same along its trajectory, whose integrand so stays smooth.
    /// </summary>
    /// <param name="probes">P for each image, [B, P, C, H, W].</param>
    public static DivergenceProbes Hutchinson(Tensor probes) => new RandomVectors(probes);

    /// <summary>tr ∂f/∂z, [A], in double precision.</summary>
    /// <param name="f">[A, C, H, W], with its graph; the image at i depends on z at i alone.</param>
    /// <param name="z">[A, C, H, W], a leaf of the graph.</param>
    /// <param name="rows">Which images they are of, [A].</param>
    public abstract Tensor Trace(Tensor f, Tensor z, Tensor rows);

    /// <summary>vᵀ (∂f/∂z) v, [A].</summary>
    private static Tensor Product(Tensor f, Tensor z, Tensor v, bool more)
    {
        // Not autograd.grad, in which TorchSharp 0.107 lets libtorch's exceptions end the process.
        z.grad = null;
        GradientLifetime.Take(() => autograd.backward([f], [v], retain_graph: more, inputs: [z]), last: !more, ofInputsOnly: true);
        return z.grad is { } product ? (v * product).to(float64).sum([1L, 2, 3]) : zeros(z.size(0), dtype: float64, device: z.device);
    }

    private sealed class RandomVectors(Tensor probes) : DivergenceProbes
    {
        public override Tensor Trace(Tensor f, Tensor z, Tensor rows)
        {
            using var scope = NewDisposeScope();
            int count = (int)probes.size(1);
            var ofRows = probes.index_select(0, rows).to(f.dtype);
            var products = Enumerable.Range(0, count).Select(p => Product(f, z, ofRows.select(1, p), more: p < count - 1));
            return (products.Aggregate((a, b) => a + b) / count).MoveToOuterDisposeScope();
        }
    }

    private sealed class UnitVectors : DivergenceProbes
    {
        public override Tensor Trace(Tensor f, Tensor z, Tensor rows)
        {
            using var scope = NewDisposeScope();
            int dimensions = (int)(f.numel() / f.size(0));
            var sum = zeros(f.size(0), dtype: float64, device: f.device);
            for (int i = 0; i < dimensions; i++)
            {
                using var one = NewDisposeScope();
                var v = zeros_like(f).flatten(1);
                v.select(1, i).fill_(1);
                sum.add_(Product(f, z, v.reshape(f.shape), more: i < dimensions - 1));
            }
            return sum.MoveToOuterDisposeScope();
        }
    }
}
