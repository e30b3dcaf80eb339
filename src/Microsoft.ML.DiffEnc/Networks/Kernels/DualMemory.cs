using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>Where a <see cref="Dual"/>, or a part of it, has its numbers.</summary>
/// <param name="value">The first number of the value.</param>
/// <param name="tangent">Likewise of the tangent; <see langword="null"/>: there is none.</param>
internal readonly unsafe struct DualMemory(float* value, float* tangent)
{
    /// <param name="halves">A value, or a value and its tangent: contiguous, in single precision, on the CPU. Valid as long as they are; none: nowhere.</param>
    public static DualMemory Of(IReadOnlyList<Tensor> halves)
        => new(halves.Count > 0 ? TensorMemory.At(halves[0]) : null, halves.Count > 1 ? TensorMemory.At(halves[1]) : null);

    public float* Value => value;

    public float* Tangent => tangent;

    /// <summary>The value's, 0, or the tangent's, 1.</summary>
    public float* this[int half] => half == 0 ? value : tangent;

    /// <summary>So many numbers further on.</summary>
    public DualMemory From(nint offset) => new(value == null ? null : value + offset, tangent == null ? null : tangent + offset);
}
