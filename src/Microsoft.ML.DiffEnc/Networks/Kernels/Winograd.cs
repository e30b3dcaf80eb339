using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// Winograd's way to four outputs y of a filter g of three taps, from a window d of six inputs, with six products in place of twelve
/// (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016): y = Aᵀ[(G g) ⊙ (Bᵀ d)]. In two dimensions, along the columns and then along
/// the rows, 36 products do the work of 144. The gradients are the same maps the other way round.
/// </summary>
/// <remarks>
/// The polynomials behind it are taken at 0, ±a, ±b and ∞, with a = √½ and b = √2: products of such points are 1, ½ or 2 and sums stay small, so that
/// rounding costs a quarter of what it does at the usual points 0, ±1, ±2 (on normal data: 8·10⁻⁶ of a deviation at most, instead of 35·10⁻⁶).
/// Each function here is a map in one dimension, for eight windows at a time.
/// </remarks>
internal static unsafe class Winograd
{
    /// <summary>The outputs of a tile, along a side.</summary>
    public const int Outputs = 4;

    /// <summary>The inputs that a tile reads, along a side.</summary>
    public const int Window = 6;

    /// <summary>The products of a tile.</summary>
    public const int Products = Window * Window;

    private const float A = 0.70710678f, B = 1.41421356f; // a² = ½, b² = 2, ab = 1, a² + b² = 5/2
    private const float A3 = 0.35355339f, B3 = 2.82842712f; // a³, b³
    private const float NormA = -1 / 1.5f, NormB = 1 / 6f; // 1/∏(p − q) over the other finite points q, at p = ±a and p = ±b

    /// <summary>Bᵀ d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OfWindow(Floats d0, Floats d1, Floats d2, Floats d3, Floats d4, Floats d5, float* to, nint step)
    {
        MultiplyAdd(d2, All(-2.5f), d4 + d0).Store(to);
        var (even, odd) = (MultiplyAdd(d2, All(-2), d4), MultiplyAdd(d3, All(A), d1 * All(-B)));
        (even + odd).Store(to + step);
        (even - odd).Store(to + 2 * step);
        (even, odd) = (MultiplyAdd(d2, All(-0.5f), d4), MultiplyAdd(d3, All(B), d1 * All(-A)));
        (even + odd).Store(to + 3 * step);
        (even - odd).Store(to + 4 * step);
        MultiplyAdd(d3, All(-2.5f), d5 + d1).Store(to + 5 * step);
    }

    /// <summary>B v, what the gradient of Bᵀ d becomes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToWindow(float* from, nint step, out Floats d0, out Floats d1, out Floats d2, out Floats d3, out Floats d4, out Floats d5)
    {
        Sums(from, step, out var v0, out var sumA, out var differenceA, out var sumB, out var differenceB, out var v5);
        d0 = v0;
        d1 = MultiplyAdd(differenceA, All(-B), MultiplyAdd(differenceB, All(-A), v5));
        d2 = MultiplyAdd(v0, All(-2.5f), MultiplyAdd(sumA, All(-2), sumB * All(-0.5f)));
        d3 = MultiplyAdd(differenceA, All(A), MultiplyAdd(differenceB, All(B), v5 * All(-2.5f)));
        d4 = v0 + sumA + sumB;
        d5 = v5;
    }

    /// <summary>Aᵀ m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs(float* from, nint step, out Floats y0, out Floats y1, out Floats y2, out Floats y3)
    {
        Sums(from, step, out var m0, out var sumA, out var differenceA, out var sumB, out var differenceB, out var m5);
        y0 = m0 + sumA + sumB;
        y1 = MultiplyAdd(differenceA, All(A), differenceB * All(B));
        y2 = MultiplyAdd(sumA, All(0.5f), sumB * All(2));
        y3 = MultiplyAdd(differenceA, All(A3), MultiplyAdd(differenceB, All(B3), m5));
    }

    /// <summary>A y, what the gradient of Aᵀ m becomes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OfOutputs(Floats y0, Floats y1, Floats y2, Floats y3, float* to, nint step)
    {
        y0.Store(to);
        var (even, odd) = (MultiplyAdd(y2, All(0.5f), y0), MultiplyAdd(y3, All(A3), y1 * All(A)));
        (even + odd).Store(to + step);
        (even - odd).Store(to + 2 * step);
        (even, odd) = (MultiplyAdd(y2, All(2), y0), MultiplyAdd(y3, All(B3), y1 * All(B)));
        (even + odd).Store(to + 3 * step);
        (even - odd).Store(to + 4 * step);
        y3.Store(to + 5 * step);
    }

    /// <summary>G g.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OfFilter(Floats g0, Floats g1, Floats g2, float* to, nint step)
    {
        g0.Store(to);
        var (even, odd) = (MultiplyAdd(g2, All(0.5f), g0), g1 * All(A));
        ((even + odd) * All(NormA)).Store(to + step);
        ((even - odd) * All(NormA)).Store(to + 2 * step);
        (even, odd) = (MultiplyAdd(g2, All(2), g0), g1 * All(B));
        ((even + odd) * All(NormB)).Store(to + 3 * step);
        ((even - odd) * All(NormB)).Store(to + 4 * step);
        g2.Store(to + 5 * step);
    }

    /// <summary>Gᵀ u, what the gradient of G g becomes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToFilter(float* from, nint step, out Floats g0, out Floats g1, out Floats g2)
    {
        Sums(from, step, out var u0, out var sumA, out var differenceA, out var sumB, out var differenceB, out var u5);
        (sumA, differenceA) = (sumA * All(NormA), differenceA * All(NormA));
        (sumB, differenceB) = (sumB * All(NormB), differenceB * All(NormB));
        g0 = u0 + sumA + sumB;
        g1 = MultiplyAdd(differenceA, All(A), differenceB * All(B));
        g2 = MultiplyAdd(sumA, All(0.5f), MultiplyAdd(sumB, All(2), u5));
    }

    /// <summary>What stands at 0 and ∞, and sum and difference of what stands at ±a and at ±b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sums(
        float* from, nint step, out Floats first, out Floats sumA, out Floats differenceA, out Floats sumB, out Floats differenceB, out Floats last)
    {
        first = Eight(from);
        var (plus, minus) = (Eight(from + step), Eight(from + 2 * step));
        (sumA, differenceA) = (plus + minus, plus - minus);
        (plus, minus) = (Eight(from + 3 * step), Eight(from + 4 * step));
        (sumB, differenceB) = (plus + minus, plus - minus);
        last = Eight(from + 5 * step);
    }
}
