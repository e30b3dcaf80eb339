using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;
using static Microsoft.ML.DiffEnc.Networks.Kernels.TensorMemory;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// One step of AdamW for many tensors in single precision on the CPU. libtorch's fused kernel goes from tensor to tensor and has its threads meet after
/// each, which costs small networks more than the arithmetic; here they share out the numbers of all.
/// </summary>
internal static unsafe class AdamWKernel
{
    private const int NumbersAtOnce = 1 << 14;

    /// <summary>Whether all of the tensors are in single precision on the CPU, without gaps.</summary>
    public static bool Takes(IReadOnlyCollection<Tensor> tensors)
        => Simd.IsAvailable && tensors.All(t => t.device.type == DeviceType.CPU && t.dtype == float32 && t.is_contiguous());

    /// <summary>Moves weights and moments.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="gradients">Theirs, contiguous.</param>
    /// <param name="mean">The first moments.</param>
    /// <param name="square">The second moments.</param>
    /// <param name="steps">One number for each weight, the same for all: the steps done, to which this one is added.</param>
    /// <param name="rates">What the step goes by.</param>
    public static void Step(Tensor[] weights, Tensor[] gradients, Tensor[] mean, Tensor[] square, Tensor[] steps, AdamWRates rates)
    {
        foreach (var count in steps)
            ++*At(count);
        long done = (long)*At(steps[0]);
        var pieces = new List<Piece>(weights.Length);
        for (int i = 0; i < weights.Length; i++)
        {
            float* w = At(weights[i]), g = At(gradients[i]), m = At(mean[i]), v = At(square[i]);
            long count = weights[i].numel();
            for (long from = 0; from < count; from += NumbersAtOnce)
                pieces.Add(new(w + from, g + from, m + from, v + from, (int)Math.Min(NumbersAtOnce, count - from)));
        }
        ComputeThreads.For(pieces.Count, i => Step(pieces[i], rates, done));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step(Piece of, AdamWRates rates, long steps)
    {
        float kept = (float)(1 - rates.LearningRate * rates.Decay), ofMean = (float)(1 - rates.Beta1);
        float kept2 = (float)rates.Beta2, ofSquare = (float)(1 - rates.Beta2);
        float move = (float)(-rates.LearningRate / (1 - Math.Pow(rates.Beta1, steps)));
        float root = (float)(1 / Math.Sqrt(1 - Math.Pow(rates.Beta2, steps))), epsilon = (float)rates.Epsilon;
        for (int i = 0; i < of.Count; i += Lanes)
        {
            var g = Load(of.Gradient, i, of.Count);
            var m = Load(of.Mean, i, of.Count);
            m = MultiplyAdd(g - m, All(ofMean), m);
            var v = MultiplyAdd(g * g, All(ofSquare), Load(of.Square, i, of.Count) * All(kept2));
            var deviation = MultiplyAdd(Vector256.Sqrt(v), All(root), All(epsilon));
            var w = MultiplyAdd(m / deviation, All(move), Load(of.Weight, i, of.Count) * All(kept));
            Store(m, of.Mean, i, of.Count);
            Store(v, of.Square, i, of.Count);
            Store(w, of.Weight, i, of.Count);
        }
    }

    private readonly struct Piece(float* weight, float* gradient, float* mean, float* square, int count)
    {
        public readonly float* Weight = weight, Gradient = gradient, Mean = mean, Square = square;
        public readonly int Count = count;
    }
}

/// <summary>What a step of AdamW goes by.</summary>
/// <param name="LearningRate">Of this step.</param>
/// <param name="Beta1">Of the first moments.</param>
/// <param name="Beta2">Of the second moments.</param>
/// <param name="Decay">Of the weights, for a learning rate of 1.</param>
/// <param name="Epsilon">Added to the deviation.</param>
internal readonly record struct AdamWRates(double LearningRate, double Beta1, double Beta2, double Decay, double Epsilon);
