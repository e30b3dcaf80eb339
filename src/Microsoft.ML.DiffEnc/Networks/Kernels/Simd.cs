using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>Arithmetic of eight numbers in single precision at a time.</summary>
internal static unsafe class Simd
{
    public const int Lanes = 8;

    /// <summary>
    /// How many numbers are added up in single precision; longer sums are sums, in double precision, of such. (Where a sum has grown large, what is added
    /// is rounded away.)
    /// </summary>
    public const int Stretch = 1 << 14;

    /// <summary>Whether this machine has what it needs: a processor with AVX2.</summary>
    public static bool IsAvailable => Avx2.IsSupported && Fma.IsSupported;

    // exp(x) = 2ⁿ exp(r), n = round(x/ln 2), |r| ≤ ½ ln 2: ln 2 in two parts, the first with so few bits that n times it is exact.
    private const float Log2E = 1.44269504f, Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;
    private static Vector256<int> Iota => Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7);
    private const float LeastExponent = -87, MostExponent = 88;

    /// <summary>1/(1 + exp(−x)), to about 2 units in the last place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sigmoid(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + Exp(-x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Exp(Vector256<float> x)
    {
        x = Vector256.MinNative(Vector256.MaxNative(x, Vector256.Create(LeastExponent)), Vector256.Create(MostExponent));
        var n = Vector256.Round(x * Vector256.Create(Log2E));
        var r = MultiplyAdd(n, Vector256.Create(-Ln2High), x);
        r = MultiplyAdd(n, Vector256.Create(-Ln2Low), r);
        var p = Vector256.Create(1 / 5040f); // Taylor: the first term left out is below 6e−9
        p = MultiplyAdd(p, r, Vector256.Create(1 / 720f));
        p = MultiplyAdd(p, r, Vector256.Create(1 / 120f));
        p = MultiplyAdd(p, r, Vector256.Create(1 / 24f));
        p = MultiplyAdd(p, r, Vector256.Create(1 / 6f));
        p = MultiplyAdd(p, r, Vector256.Create(0.5f));
        p = MultiplyAdd(p, r, Vector256<float>.One);
        p = MultiplyAdd(p, r, Vector256<float>.One);
        return p * ((Vector256.ConvertToInt32Native(n) + Vector256.Create(127)) << 23).AsSingle();
    }

    /// <summary>a b + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.MultiplyAddEstimate(a, b, c);

    /// <summary>Eight numbers from place <paramref name="i"/> on; zeros behind the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* from, int i, int length) => i + Lanes <= length ? Vector256.Load(from + i) : LoadRest(from + i, length - i);

    /// <summary>The same less <paramref name="mean"/>; zeros behind the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadCentred(float* from, int i, int length, Vector256<float> mean)
    {
        if (i + Lanes <= length)
            return Vector256.Load(from + i) - mean;
        return (LoadRest(from + i, length - i) - mean) & First(length - i);
    }

    /// <summary>Stores eight numbers at place <paramref name="i"/>; none behind the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* to, int i, int length)
    {
        if (i + Lanes <= length)
            value.Store(to + i);
        else
            StoreRest(value, to + i, length - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Eight(float* from) => Vector256.Load(from);

    /// <summary>Eight times the same number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> All(float value) => Vector256.Create(value);

    /// <summary>The sum of numbers.</summary>
    public static double Sum(float* from, int length)
    {
        double sum = 0;
        for (int i = 0; i < length; i += Stretch)
            sum += SumOfStretch(from + i, Math.Min(Stretch, length - i));
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfStretch(float* from, int length)
    {
        var sum = Vector256<float>.Zero;
        for (int i = 0; i < length; i += Lanes)
            sum += Load(from, i, length);
        return Vector256.Sum(sum);
    }

    /// <summary>Copies numbers between places that do not overlap, with few branches: for short rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* from, float* to, int count)
    {
        if (count < Lanes)
        {
            for (int i = 0; i < count; i++)
                to[i] = from[i];
            return;
        }
        for (int i = 0; i < count; i += Lanes)
        {
            i = Math.Min(i, count - Lanes);
            Vector256.Load(from + i).Store(to + i);
        }
    }

    /// <summary>Sums of numbers, which may take the place of the first ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float* a, float* b, float* to, int count)
    {
        int whole = count & -Lanes;
        for (int i = 0; i < whole; i += Lanes)
            (Eight(a + i) + Eight(b + i)).Store(to + i);
        for (int i = whole; i < count; i++)
            to[i] = a[i] + b[i];
    }

    /// <summary>Of 32 numbers, those at the places 4i, 4i + 1, 4i + 2 and 4i + 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SplitByFour(float* from, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        var (v0, v1, v2, v3) = (Vector256.Load(from), Vector256.Load(from + Lanes), Vector256.Load(from + 2 * Lanes), Vector256.Load(from + 3 * Lanes));
        Transpose(
            Avx.Permute2x128(v0, v2, 0x20), Avx.Permute2x128(v0, v2, 0x31), Avx.Permute2x128(v1, v3, 0x20), Avx.Permute2x128(v1, v3, 0x31),
            out a, out b, out c, out d);
    }

    /// <summary>The 32 numbers whose places 4i, 4i + 1, 4i + 2 and 4i + 3 have these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void JoinByFour(
        Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d,
        out Vector256<float> v0, out Vector256<float> v1, out Vector256<float> v2, out Vector256<float> v3)
    {
        Transpose(a, b, c, d, out var t0, out var t1, out var t2, out var t3);
        (v0, v2) = (Avx.Permute2x128(t0, t1, 0x20), Avx.Permute2x128(t0, t1, 0x31));
        (v1, v3) = (Avx.Permute2x128(t2, t3, 0x20), Avx.Permute2x128(t2, t3, 0x31));
    }

    /// <summary>The numbers one place lower, and <paramref name="last"/> in the last place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ShiftDown(Vector256<float> values, float last)
        => Avx.Blend(Avx2.PermuteVar8x32(values, Vector256.Create(1, 2, 3, 4, 5, 6, 7, 0)), Vector256.Create(last), 0x80);

    /// <summary>The numbers one place higher, and 0 in the first place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ShiftUp(Vector256<float> values)
        => Avx.Blend(Avx2.PermuteVar8x32(values, Vector256.Create(7, 0, 1, 2, 3, 4, 5, 6)), Vector256<float>.Zero, 0x01);

    /// <summary>Transposes 8×8 numbers.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="pitch">From a row to the next.</param>
    /// <param name="to">Receives the first column, as a row.</param>
    /// <param name="toPitch">From a row to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(float* from, nint pitch, float* to, nint toPitch)
    {
        float* lower = from + 4 * pitch, toLower = to + 4 * toPitch;
        var (r0, r1, r2, r3) = (Eight(from), Eight(from + pitch), Eight(from + 2 * pitch), Eight(from + 3 * pitch));
        var (r4, r5, r6, r7) = (Eight(lower), Eight(lower + pitch), Eight(lower + 2 * pitch), Eight(lower + 3 * pitch));
        Transpose(r0, r1, r2, r3, out var a0, out var a1, out var a2, out var a3);
        Transpose(r4, r5, r6, r7, out var b0, out var b1, out var b2, out var b3);
        Avx.Permute2x128(a0, b0, 0x20).Store(to);
        Avx.Permute2x128(a1, b1, 0x20).Store(to + toPitch);
        Avx.Permute2x128(a2, b2, 0x20).Store(to + 2 * toPitch);
        Avx.Permute2x128(a3, b3, 0x20).Store(to + 3 * toPitch);
        Avx.Permute2x128(a0, b0, 0x31).Store(toLower);
        Avx.Permute2x128(a1, b1, 0x31).Store(toLower + toPitch);
        Avx.Permute2x128(a2, b2, 0x31).Store(toLower + 2 * toPitch);
        Avx.Permute2x128(a3, b3, 0x31).Store(toLower + 3 * toPitch);
    }

    /// <summary>Transposes the lower and the upper half, 4×4 numbers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        Vector256<float> r0, Vector256<float> r1, Vector256<float> r2, Vector256<float> r3,
        out Vector256<float> c0, out Vector256<float> c1, out Vector256<float> c2, out Vector256<float> c3)
    {
        var (low01, high01) = (Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1));
        var (low23, high23) = (Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3));
        (c0, c1) = (Avx.Shuffle(low01, low23, 0x44), Avx.Shuffle(low01, low23, 0xEE));
        (c2, c3) = (Avx.Shuffle(high01, high23, 0x44), Avx.Shuffle(high01, high23, 0xEE));
    }

    // The rest of a row by its mask, not by a call: a call in a loop, even one that is hardly ever made, has the compiler keep its sums in memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadRest(float* from, int count) => Avx.MaskLoad(from, First(count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRest(Vector256<float> value, float* to, int count) => Avx.MaskStore(to, First(count), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> First(int count) => Vector256.LessThan(Iota, Vector256.Create(count)).AsSingle();
}
