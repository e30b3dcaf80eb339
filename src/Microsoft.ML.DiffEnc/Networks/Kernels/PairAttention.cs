using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// Attention of one head with its derivative: with S = s q kᵀ, Ṡ = s (q̇ kᵀ + q k̇ᵀ), P = softmax S and r the sums over P ∘ Ṡ's rows, the value P v and the
/// derivative Ṗ v + P v̇, Ṗ = P ∘ (Ṡ − r). Some rows of these matrices over pairs of pixels at a time, so that they stay in the cache, and none of them
/// kept for the backward pass, which computes them anew. libtorch can differentiate it, once.
/// </summary>
internal static class PairAttention
{
    private const long RowsAtOnce = 256;

    /// <summary>Whether it is for such tensors: on the CPU, of enough pixels to fill a block, and not in reduced precision.</summary>
    /// <param name="q">[B, N, C].</param>
    public static bool Takes(Tensor q) => q.device.type == DeviceType.CPU && q.size(1) >= RowsAtOnce && !Autocast.IsOn(DeviceType.CPU);

    /// <param name="q">[B, N, C], with a tangent like the next two.</param>
    /// <param name="k">[B, N, C].</param>
    /// <param name="v">[B, N, C].</param>
    /// <param name="scale">s.</param>
    /// <returns>[B, N, C].</returns>
    public static Dual Apply(Dual q, Dual k, Dual v, double scale)
    {
        using var scope = NewDisposeScope();
        var pair = KernelFunction.Apply(new Call(scale), q.Value, k.Value, v.Value, q.TangentOrZero(), k.TangentOrZero(), v.TangentOrZero());
        return new Dual(pair[0], pair[1]).MoveToOuterDisposeScope();
    }

    /// <summary>q, k, v and their tangents.</summary>
    private sealed class Call(double scale) : IKernelCall
    {
        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs)
        {
            var (value, derivative) = (empty_like(inputs[0]), empty_like(inputs[0]));
            foreach (var (image, first, count) in Blocks(inputs[0]))
            {
                using var scope = NewDisposeScope();
                var x = new Block(inputs, image, first, count);
                var (p, slope) = Weights(x);
                var mixed = p.mm(cat([x.V, x.TangentV], 1)).chunk(2, 1); // P v, P v̇
                value[image].narrow(0, first, count).copy_(mixed[0]);
                var change = slope.sub_(Along(p, slope)).mul_(p); // Ṗ
                derivative[image].narrow(0, first, count).copy_(change.mm(x.V).add_(mixed[1]));
            }
            return [value, derivative];
        }

        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients)
        {
            List<Tensor> ofInputs = [.. inputs.Select(x => zeros_like(x))];
            foreach (var (image, first, count) in Blocks(inputs[0]))
            {
                using var scope = NewDisposeScope();
                Block x = new(inputs, image, first, count), to = new(ofInputs, image, first, count);
                var (g, h) = (gradients[0][image].narrow(0, first, count), gradients[1][image].narrow(0, first, count));
                var both = cat([g, h], 1);
                var (p, slope) = Weights(x);
                var centred = slope - Along(p, slope); // Ṡ − r

                var ofV = p.t().mm(both).chunk(2, 1);
                to.TangentV.add_(ofV[1]);
                to.V.add_(ofV[0]).add_((p * centred).t().mm(h));

                var ofChange = h.mm(x.V.t()); // of Ṗ
                var weighted = ofChange * p;
                var sums = weighted.sum(-1, keepdim: true);
                var ofSlope = weighted.sub_(p * sums); // of Ṡ
                var ofP = both.mm(cat([x.V, x.TangentV], 1).t()).add_(ofChange.mul_(centred)).sub_(slope.mul_(sums));
                var ofScores = ofP.sub_(Along(p, ofP)).mul_(p); // of S

                var ofQ = ofSlope.mm(cat([x.K, x.TangentK], 1)).chunk(2, 1);
                to.TangentQ.copy_(ofQ[0].mul_(scale));
                to.Q.copy_(ofScores.mm(x.K).add_(ofQ[1]).mul_(scale));
                var ofK = ofSlope.t().mm(cat([x.Q, x.TangentQ], 1)).chunk(2, 1);
                to.TangentK.add_(ofK[0].mul_(scale));
                to.K.add_(ofScores.t().mm(x.Q).add_(ofK[1]).mul_(scale));
            }
            return [.. ofInputs];
        }

        /// <summary>P and Ṡ, [rows, N].</summary>
        private (Tensor P, Tensor Slope) Weights(Block x)
        {
            var scaled = x.Q * scale;
            var slope = cat([x.TangentQ * scale, scaled], 1).mm(cat([x.K, x.TangentK], 1).t());
            return (softmax(scaled.mm(x.K.t()), -1), slope);
        }

        /// <summary>The sums over the rows of P ∘ a.</summary>
        private static Tensor Along(Tensor p, Tensor a) => (p * a).sum(-1, keepdim: true);

        private static IEnumerable<(int Image, long First, long Count)> Blocks(Tensor q)
        {
            for (int image = 0; image < q.size(0); image++)
                for (long first = 0; first < q.size(1); first += RowsAtOnce)
                    yield return (image, first, Math.Min(RowsAtOnce, q.size(1) - first));
        }
    }

    /// <summary>Some rows of an image's q, and all of its k and v.</summary>
    private readonly struct Block(IReadOnlyList<Tensor> tensors, int image, long first, long count)
    {
        public Tensor Q { get; } = tensors[0][image].narrow(0, first, count);

        public Tensor K { get; } = tensors[1][image];

        public Tensor V { get; } = tensors[2][image];

        public Tensor TangentQ { get; } = tensors[3][image].narrow(0, first, count);

        public Tensor TangentK { get; } = tensors[4][image];

        public Tensor TangentV { get; } = tensors[5][image];
    }
}
