using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.DiffEnc.Interop;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// 3×3 filters, [out, in, 3, 3], as the factors of <see cref="Winograd"/>'s products, G g Gᵀ: [36, out, in]. The number of filters is a multiple of 8.
/// </summary>
internal static unsafe class WinogradFilters
{
    private const int Taps = 9, AtOnce = 64;
    private static Vector256<int> EveryNinth => Vector256.Create(0, 9, 18, 27, 36, 45, 54, 63);

    /// <summary>G g Gᵀ.</summary>
    /// <param name="filters">[count, 3, 3].</param>
    /// <param name="count">Of filters.</param>
    /// <param name="factors">Receives [36, count].</param>
    public static void Forward(float* filters, int count, float* factors) => InParts(count, (from, to) => Forward(filters, count, factors, from, to));

    /// <summary>Gᵀ u G, the gradient of the filters.</summary>
    /// <param name="factors">The gradient of the factors, [36, count].</param>
    /// <param name="count">Of filters.</param>
    /// <param name="filters">Receives [count, 3, 3].</param>
    public static void Backward(float* factors, int count, float* filters) => InParts(count, (from, to) => Backward(factors, count, filters, from, to));

    private static void InParts(int count, Action<int, int> part)
        => ComputeThreads.For((count + AtOnce - 1) / AtOnce, i => part(i * AtOnce, Math.Min(count, (i + 1) * AtOnce)));

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward(float* filters, int count, float* factors, int from, int to)
    {
        float* half = stackalloc float[3 * Winograd.Window * Lanes]; // [6, 3]
        for (int i = from; i < to; i += Lanes)
        {
            float* g = filters + (nint)Taps * i;
            for (int x = 0; x < 3; x++)
                Winograd.OfFilter(Gather(g + x), Gather(g + 3 + x), Gather(g + 6 + x), half + x * Lanes, 3 * Lanes);
            for (int y = 0; y < Winograd.Window; y++)
            {
                float* row = half + 3 * Lanes * y;
                Winograd.OfFilter(Eight(row), Eight(row + Lanes), Eight(row + 2 * Lanes), factors + (nint)Winograd.Window * y * count + i, count);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward(float* factors, int count, float* filters, int from, int to)
    {
        float* half = stackalloc float[3 * Winograd.Window * Lanes]; // [3, 6]
        float* taps = stackalloc float[Taps * Lanes];
        for (int i = from; i < to; i += Lanes)
        {
            for (int x = 0; x < Winograd.Window; x++)
            {
                Winograd.ToFilter(factors + (nint)x * count + i, (nint)Winograd.Window * count, out var g0, out var g1, out var g2);
                g0.Store(half + x * Lanes);
                g1.Store(half + (Winograd.Window + x) * Lanes);
                g2.Store(half + (2 * Winograd.Window + x) * Lanes);
            }
            for (int y = 0; y < 3; y++)
            {
                Winograd.ToFilter(half + Winograd.Window * y * Lanes, Lanes, out var g0, out var g1, out var g2);
                g0.Store(taps + 3 * y * Lanes);
                g1.Store(taps + (3 * y + 1) * Lanes);
                g2.Store(taps + (3 * y + 2) * Lanes);
            }
            float* filter = filters + (nint)Taps * i;
            for (int lane = 0; lane < Lanes; lane++)
                for (int tap = 0; tap < Taps; tap++)
                    *filter++ = taps[tap * Lanes + lane];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Gather(float* from) => Avx2.GatherVector256(from, EveryNinth, sizeof(float));
}
