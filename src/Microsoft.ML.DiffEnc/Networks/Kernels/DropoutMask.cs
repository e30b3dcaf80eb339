using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// One call's dropout mask: whether an element of the whole batch is kept is a hash of its number, so any part of the mask can be had at any time,
/// again in the backward pass, and no mask need be stored.
/// </summary>
/// <param name="Key">Of the call.</param>
/// <param name="Threshold">Hashes below it are dropped: 2³² times the probability.</param>
/// <param name="Kept">The value of what is kept, 1/(1 − probability).</param>
/// <param name="Slice">The part of the batch that the rows are of; <see langword="null"/>: they are all of it.</param>
/// <param name="Copies">The equal parts of the rows that have the same mask.</param>
internal readonly record struct DropoutMask(uint Key, uint Threshold, float Kept, BatchSlice? Slice, int Copies)
{
    private static Vector256<uint> Iota => Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7); // a constant; a field would be looked up in every round of a loop

    /// <summary>The number in the whole batch of the first element of a row.</summary>
    /// <param name="row">0-based; rows may hold the slice several times, at several times t.</param>
    /// <param name="rows">How many there are.</param>
    /// <param name="perRow">The elements of each.</param>
    public uint FirstElement(int row, int rows, int perRow)
    {
        row %= rows / Copies;
        long inBatch = Slice is { } slice ? (long)(row / slice.Count) * slice.Of + slice.First + row % slice.Count : row;
        return unchecked((uint)(inBatch * perRow));
    }

    /// <summary>0 or <see cref="Kept"/> for eight consecutive elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Of(uint first)
    {
        var hash = Mix(Mix(Iota + Vector256.Create(first)) + Vector256.Create(Key));
        return (Vector256.GreaterThanOrEqual(hash, Vector256.Create(Threshold)) & Vector256.Create(Kept).AsUInt32()).AsSingle();
    }

    /// <summary>Fills the mask of all rows: [B, …] in single precision on the CPU.</summary>
    public unsafe void Fill(Tensor mask)
    {
        int rows = (int)mask.size(0), perRow = (int)(mask.numel() / rows);
        float* start = TensorMemory.At(mask);
        for (int row = 0; row < rows; row++)
            Fill(new Span<float>(start + (nint)row * perRow, perRow), FirstElement(row, rows, perRow));
    }

    private void Fill(Span<float> values, uint first)
    {
        var vectors = MemoryMarshal.Cast<float, Vector256<float>>(values);
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = Of(unchecked(first + (uint)i * 8));
        var rest = values[(vectors.Length * 8)..];
        var last = Of(unchecked(first + (uint)vectors.Length * 8));
        for (int i = 0; i < rest.Length; i++)
            rest[i] = last[i];
    }

    // Two rounds of multiply and shift that pass the usual avalanche tests ("lowbias32").
    public static uint Mix(uint x)
    {
        x ^= x >> 16;
        x *= 0x7feb352d;
        x ^= x >> 15;
        x *= 0x846ca68b;
        return x ^ (x >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mix(Vector256<uint> x)
    {
        x ^= x >>> 16;
        x *= Vector256.Create(0x7feb352du);
        x ^= x >>> 15;
        x *= Vector256.Create(0x846ca68bu);
        return x ^ (x >>> 16);
    }
}
