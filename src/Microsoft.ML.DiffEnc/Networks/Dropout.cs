using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Dropout whose masks are a function of (seed, step, call, element) alone, so that a resumed training draws the ones it would have
/// drawn, and a slice of a batch those that it has in the whole batch. They are the same on every device, and on the CPU ten times faster than those of
/// libtorch's serial generator. Value and tangent share one mask.
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
    private static Tensor Tensor(DropoutMask mask, Tensor like)
    {
        if (like.device.type != DeviceType.CPU)
            return ByOperations(mask, like);
        var values = empty(like.shape, dtype: float32, device: CPU);
        mask.Fill(values);
        return values.to(like.dtype);
    }

    /// <summary>The same by libtorch's operations, where the tensor lives.</summary>
    internal static Tensor ByOperations(DropoutMask mask, Tensor like)
    {
        using var scope = NewDisposeScope();
        int rows = (int)like.size(0), perRow = (int)(like.numel() / rows);
        int[] firsts = [.. Enumerable.Range(0, rows).Select(row => unchecked((int)mask.FirstElement(row, rows, perRow)))];
        var hash = tensor(firsts, device: CPU).BroughtTo(like.device).unsqueeze(1) + arange(perRow, dtype: int32, device: like.device);
        Mix(hash);
        Mix(hash.add_(unchecked((int)mask.Key)));
        // Signed numbers in the order of the unsigned ones that they stand for.
        const int signBit = int.MinValue;
        var kept = hash.add_(signBit) >= unchecked((int)mask.Threshold ^ signBit);
        return (kept.to(like.dtype) * mask.Kept).reshape(like.shape).MoveToOuterDisposeScope();
    }

    /// <summary><see cref="DropoutMask.Mix(uint)"/> of each number, in its place.</summary>
    private static void Mix(Tensor x)
    {
        using var scope = NewDisposeScope();
        void Fold(int bits)
        {
            using var shift = NewDisposeScope();
            x.bitwise_xor_(x.bitwise_right_shift(tensor(bits, device: CPU)).bitwise_and_(tensor((1 << (32 - bits)) - 1, device: CPU)));
        }
        Fold(16);
        x.mul_(0x7feb352d);
        Fold(15);
        x.mul_(unchecked((int)0x846ca68b));
        Fold(16);
    }

    private uint NextKey() => DropoutMask.Mix(unchecked(_stepKey + ++_calls * 0x9E3779B1u));
}
