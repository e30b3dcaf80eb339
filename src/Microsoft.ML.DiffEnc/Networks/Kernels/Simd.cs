using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>Arithmetic of eight numbers in single precision at a time.</summary>
internal static unsafe class Simd
{
    public const int Lanes = 8;

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
        return (LoadRest(from + i, length - i) - mean) & Vector256.LessThan(Iota, Vector256.Create(length - i)).AsSingle();
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector256<float> LoadRest(float* from, int count)
    {
        var value = Vector256<float>.Zero;
        for (int k = 0; k < count; k++)
            value = value.WithElement(k, from[k]);
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreRest(Vector256<float> value, float* to, int count)
    {
        for (int k = 0; k < count; k++)
            to[k] = value[k];
    }
}
