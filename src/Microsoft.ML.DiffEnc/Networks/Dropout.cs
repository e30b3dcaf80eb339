using System.Runtime.InteropServices;
using Microsoft.ML.DiffEnc.Networks.Kernels;
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
        var mask = Tensor(Next(), x.Value);
        return x.Map(v => v * mask).MoveToOuterDisposeScope();
    }

    /// <summary>The mask of the next call, for kernels on the CPU.</summary>
    public DropoutMask Next() => new(NextKey(), (uint)(_probability * 4294967296.0), (float)(1 / (1 - _probability)), _slice, _copies);

    /// <summary>The mask as a tensor like <paramref name="like"/>, [B, …].</summary>
    private Tensor Tensor(DropoutMask mask, Tensor like)
    {
        if (like.device.type != DeviceType.CPU)
            return ByGenerator(like, mask.Key);
        var values = empty(like.shape, dtype: float32);
        mask.Fill(MemoryMarshal.Cast<byte, float>(values.bytes), (int)like.size(0));
        return values.to(like.dtype);
    }

    /// <summary>The same where the tensor lives, without a transfer.</summary>
    internal Tensor ByGenerator(Tensor like, uint key)
    {
        using var generator = new Generator(key, like.device);
        long[] perImage = like.shape[1..];
        Tensor Uniform(long[] shape) => rand(shape, dtype: float32, device: like.device, generator: generator);
        long rows = like.size(0) / _copies;
        var uniform = _slice is not { } slice
            ? Uniform([rows, .. perImage])
            : Uniform([rows / slice.Count, slice.Of, .. perImage]).narrow(1, slice.First, slice.Count).reshape([rows, .. perImage]);
        var mask = (uniform >= _probability).to(like.dtype) / (1 - _probability);
        return _copies == 1 ? mask : cat([.. Enumerable.Repeat(mask, _copies)]);
    }

    private uint NextKey() => DropoutMask.Mix(unchecked(_stepKey + ++_calls * 0x9E3779B1u));
}
