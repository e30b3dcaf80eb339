using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Dropout whose masks are a function of (seed, step, call, element) alone, so that a resumed training draws the ones it would have
/// drawn, and a slice of a batch those that it has in the whole batch. On the CPU we make them ourselves, ten times faster than libtorch's serial
/// generator; on a GPU a generator seeded for the call does. Value and tangent share one mask.
/// </summary>
internal sealed class Dropout
{
    private static readonly Vector512<uint> Iota = Vector512.Create(0u, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    private readonly double _probability;
    private readonly uint _stepKey;
    private readonly BatchSlice? _slice;
    private readonly int _copies = 1;
    private uint _calls;

    /// <param name="probability">The share of elements set to zero, in [0, 1).</param>
    /// <param name="stepSeed">A seed that differs from step to step.</param>
    /// <param name="slice">The part of the step's batch that is computed; <see langword="null"/>: all of it.</param>
    public Dropout(double probability, ulong stepSeed, BatchSlice? slice = null)
        : this(probability, unchecked((uint)(stepSeed ^ (stepSeed >> 32))), slice is { IsWhole: true } ? null : slice, copies: 1)
    {
    }

    private Dropout(double probability, uint stepKey, BatchSlice? slice, int copies)
        => (_probability, _stepKey, _slice, _copies) = (probability, stepKey, slice, copies);

    /// <summary>For a batch that consists of equal parts: new masks, the same ones for each part.</summary>
    /// <param name="copies">The number of parts.</param>
    public Dropout Repeated(int copies) => new(_probability, NextKey(), _slice, copies);

    public Dual Apply(Dual x)
    {
        if (_probability == 0)
            return x;
        using var scope = NewDisposeScope();
        var mask = _copies == 1 ? Mask(x.Value) : Mask(x.Value.narrow(0, 0, x.Value.size(0) / _copies)).repeat(_copies, 1, 1, 1);
        return x.Map(v => v * mask).MoveToOuterDisposeScope();
    }

    /// <summary>A tensor like <paramref name="like"/> of 0 with the given probability, else 1/(1 − probability).</summary>
    private Tensor Mask(Tensor like)
    {
        uint key = NextKey();
        if (like.device.type != DeviceType.CPU)
            return MaskByGenerator(like, key);
        var mask = empty(like.shape, dtype: float32);
        var values = MemoryMarshal.Cast<byte, uint>(mask.bytes);
        var (threshold, kept) = ((uint)(_probability * 4294967296.0), (float)(1 / (1 - _probability)));
        var slice = _slice ?? BatchSlice.Whole((int)like.size(0));
        int perImage = values.Length / (int)like.size(0), part = perImage * slice.Count;
        for (int i = 0; i < values.Length / part; i++) // the tensor may hold the slice several times, at several times t
            Fill(values.Slice(i * part, part), unchecked((uint)(((long)i * slice.Of + slice.First) * perImage)), key, threshold, kept);
        return mask.to(like.dtype);
    }

    /// <summary>The same where the tensor lives, without a transfer.</summary>
    internal Tensor MaskByGenerator(Tensor like, uint key)
    {
        using var generator = new Generator(key, like.device);
        Tensor Uniform(long[] shape) => rand(shape, dtype: float32, device: like.device, generator: generator);
        var uniform = _slice is not { } slice
            ? Uniform(like.shape)
            : Uniform([like.size(0) / slice.Count, slice.Of, .. like.shape[1..]]).narrow(1, slice.First, slice.Count).reshape(like.shape);
        return (uniform >= _probability).to(like.dtype) / (1 - _probability);
    }

    private uint NextKey() => Mix(unchecked(_stepKey + ++_calls * 0x9E3779B1u));

    /// <summary>The masks of consecutive elements, the first of which has the number <paramref name="first"/>.</summary>
    private static void Fill(Span<uint> mask, uint first, uint key, uint threshold, float kept)
    {
        var blocks = MemoryMarshal.Cast<uint, Vector512<uint>>(mask);
        uint keptBits = BitConverter.SingleToUInt32Bits(kept);
        var (keys, thresholds, values) = (Vector512.Create(key), Vector512.Create(threshold), Vector512.Create(keptBits));
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = Vector512.GreaterThanOrEqual(Mix(Mix(Iota + Vector512.Create(unchecked(first + (uint)i * 16))) + keys), thresholds) & values;
        for (int i = blocks.Length * 16; i < mask.Length; i++)
            mask[i] = Mix(unchecked(Mix(unchecked(first + (uint)i)) + key)) >= threshold ? keptBits : 0;
    }

    // Two rounds of multiply and shift that pass the usual avalanche tests ("lowbias32").
    private static uint Mix(uint x)
    {
        x ^= x >> 16;
        x *= 0x7feb352d;
        x ^= x >> 15;
        x *= 0x846ca68b;
        return x ^ (x >> 16);
    }

    private static Vector512<uint> Mix(Vector512<uint> x)
    {
        x ^= x >>> 16;
        x *= Vector512.Create(0x7feb352du);
        x ^= x >>> 15;
        x *= Vector512.Create(0x846ca68bu);
        return x ^ (x >>> 16);
    }
}
