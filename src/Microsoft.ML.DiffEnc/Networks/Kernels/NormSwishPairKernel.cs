using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.DiffEnc.Interop;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// <see cref="NormSwishKernel"/> for a value x and its derivative t: y as there, and its derivative
/// m · φ(u) u̇ with u = w n + b, u̇ = w ṅ, ṅ = (t − mean t − n mean(n t))/√(var + ε) and φ = swish', written with s = sigmoid(u):
/// φ = s + u s(1 − s), φ' = s(1 − s)(2 + u(1 − 2s)).
/// </summary>
internal static unsafe class NormSwishPairKernel
{
    /// <summary>μ, r = 1/√(var + ε), mean t and c = mean(n t).</summary>
    public const int StatisticsPerPiece = 4;

    public static void Forward(
        NormShape shape, double epsilon, DropoutMask? mask, float* x, float* t, float* w, float* b, float* y, float* dy, float[] statistics)
        => ComputeThreads.For(shape.Pieces, piece =>
        {
            var (image, group) = Math.DivRem(piece, shape.Groups);
            int channel = group * shape.ChannelsPerGroup;
            nint offset = shape.Offset(image, channel);
            var (mean, r) = NormSwishKernel.Moments(x + offset, shape.PerGroup, epsilon);
            var (meanT, along) = MomentsOfTangent(x + offset, t + offset, shape.PerGroup, mean);
            float correlation = along * r;
            (statistics[4 * piece], statistics[4 * piece + 1], statistics[4 * piece + 2], statistics[4 * piece + 3]) = (mean, r, meanT, correlation);
            uint first = mask?.FirstElement(image, shape.Images, shape.PerImage) ?? 0;
            for (int c = channel; c < channel + shape.ChannelsPerGroup; c++)
            {
                nint start = shape.Offset(image, c);
                var lines = new Lines(w[c], b[c], mean, r, meanT, correlation);
                Forward(x + start, t + start, y + start, dy + start, shape.Pixels, lines, mask, unchecked(first + (uint)(c * shape.Pixels)));
            }
        });

    /// <param name="shape">The shape.</param>
    /// <param name="mask">The mask of the forward pass.</param>
    /// <param name="x">The value.</param>
    /// <param name="t">Its derivative.</param>
    /// <param name="w">The scale, [Channels].</param>
    /// <param name="b">The offset, [Channels].</param>
    /// <param name="gy">The gradient of y.</param>
    /// <param name="gt">The gradient of y's derivative.</param>
    /// <param name="statistics">What the forward pass left.</param>
    /// <param name="dx">Receives the gradient of x.</param>
    /// <param name="dt">Receives the gradient of t.</param>
    /// <param name="dw">Receives each image's share of the gradient of w, [Images, Channels].</param>
    /// <param name="db">Likewise of b.</param>
    public static void Backward(
        NormShape shape, DropoutMask? mask, float* x, float* t, float* w, float* b, float* gy, float* gt, float[] statistics,
        float* dx, float* dt, float* dw, float* db)
        => ComputeThreads.For(shape.Pieces, piece =>
        {
            var (image, group) = Math.DivRem(piece, shape.Groups);
            int channel = group * shape.ChannelsPerGroup;
            float mean = statistics[4 * piece], r = statistics[4 * piece + 1], meanT = statistics[4 * piece + 2], correlation = statistics[4 * piece + 3];
            uint first = mask?.FirstElement(image, shape.Images, shape.PerImage) ?? 0;
            double p = 0, pn = 0, q = 0, qn = 0, qt = 0; // sums, then means, of p = ∂/∂n, q = ∂/∂ṅ and their products with n and t
            for (int c = channel; c < channel + shape.ChannelsPerGroup; c++)
            {
                nint start = shape.Offset(image, c), of = (nint)image * shape.Channels + c;
                var lines = new Lines(w[c], b[c], mean, r, meanT, correlation);
                var sums = ToInput(
                    x + start, t + start, gy + start, gt + start, dx + start, dt + start, shape.Pixels, lines, mean, mask,
                    unchecked(first + (uint)(c * shape.Pixels)));
                db[of] = sums.U;
                dw[of] = r * (sums.UCentred + sums.TangentT - meanT * sums.Tangent - correlation * r * sums.TangentCentred);
                p += w[c] * sums.U;
                pn += w[c] * r * sums.UCentred;
                q += w[c] * sums.Tangent;
                qn += w[c] * r * sums.TangentCentred;
                qt += w[c] * sums.TangentT;
            }
            int count = shape.PerGroup;
            (p, pn, q, qn, qt) = (p / count, pn / count, q / count, qn / count, qt / count);
            // dt = r (q − mean q − n mean(q n));  with P = p − r (q c + t mean(q n)):  dx = r (P − mean P − n (mean(P n) + mean(q ṅ)))
            double meanP = p - r * (q * correlation + meanT * qn), meanPn = pn - 2 * r * correlation * qn;
            double meanQn = r * (qt - meanT * q - correlation * qn);
            var toTangent = new Plane(r, 0, (float)(-r * r * qn), (float)(-r * q + r * r * qn * mean));
            double ofX = -r * r * (meanPn + meanQn);
            float ofQ = -r * r * correlation, ofT = (float)(-r * r * qn), constant = (float)(-r * meanP - ofX * mean);
            for (int c = channel; c < channel + shape.ChannelsPerGroup; c++)
            {
                nint start = shape.Offset(image, c);
                Project(x + start, t + start, dx + start, dt + start, shape.Pixels, w[c], toTangent, new Plane(r, ofQ, (float)ofX, constant), ofT);
            }
        });

    /// <summary>u = <see cref="A"/> x + <see cref="K"/> and u̇ = A t + <see cref="E"/> x + <see cref="F"/> in one channel.</summary>
    private readonly struct Lines
    {
        public readonly float A, K, E, F;

        public Lines(float w, float b, float mean, float r, float meanT, float correlation)
        {
            A = w * r;
            K = b - mean * A;
            E = -A * r * correlation;
            F = -A * meanT - E * mean;
        }
    }

    /// <summary>Coefficients of a linear map of (own gradient, other gradient, x, 1).</summary>
    private readonly record struct Plane(float Own, float Other, float X, float Constant);

    private readonly record struct Sums(float U, float UCentred, float Tangent, float TangentCentred, float TangentT);

    /// <summary>mean t and mean((x − μ) t).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float MeanT, float Along) MomentsOfTangent(float* x, float* t, int length, float mean)
    {
        var (at, sum, product) = (Vector256.Create(mean), Vector256<float>.Zero, Vector256<float>.Zero);
        for (int i = 0; i < length; i += Lanes)
        {
            var tangent = Load(t, i, length);
            sum += tangent;
            product = MultiplyAdd(LoadCentred(x, i, length, at), tangent, product);
        }
        return (Vector256.Sum(sum) / length, Vector256.Sum(product) / length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward(float* x, float* t, float* y, float* dy, int length, Lines lines, DropoutMask? mask, uint first)
    {
        var (a, k, e, f, one) = (Vector256.Create(lines.A), Vector256.Create(lines.K), Vector256.Create(lines.E), Vector256.Create(lines.F), Vector256<float>.One);
        bool drops = mask is not null;
        var m = mask.GetValueOrDefault();
        for (int i = 0; i < length; i += Lanes)
        {
            var value = Load(x, i, length);
            var u = MultiplyAdd(value, a, k);
            var tangent = MultiplyAdd(Load(t, i, length), a, MultiplyAdd(value, e, f));
            var s = Sigmoid(u);
            var swish = u * s;
            tangent *= MultiplyAdd(swish, one - s, s);
            if (drops)
            {
                var keep = m.Of(unchecked(first + (uint)i));
                swish *= keep;
                tangent *= keep;
            }
            Store(swish, y, i, length);
            Store(tangent, dy, i, length);
        }
    }

    /// <summary>du = gy φ + gt u̇ φ' and du̇ = gt φ, with their sums over a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Sums ToInput(
        float* x, float* t, float* gy, float* gt, float* du, float* dTangent, int length, Lines lines, float mean, DropoutMask? mask, uint first)
    {
        var (a, k, e, f) = (Vector256.Create(lines.A), Vector256.Create(lines.K), Vector256.Create(lines.E), Vector256.Create(lines.F));
        var (at, one, two, zero) = (Vector256.Create(mean), Vector256<float>.One, Vector256.Create(2f), Vector256<float>.Zero);
        var (sumU, sumUx, sumT, sumTx, sumTt) = (zero, zero, zero, zero, zero);
        bool drops = mask is not null;
        var m = mask.GetValueOrDefault();
        for (int i = 0; i < length; i += Lanes)
        {
            var (value, along) = (Load(x, i, length), Load(t, i, length));
            var u = MultiplyAdd(value, a, k);
            var tangent = MultiplyAdd(along, a, MultiplyAdd(value, e, f));
            var s = Sigmoid(u);
            var bend = s * (one - s);
            var phi = MultiplyAdd(u, bend, s);
            var curvature = bend * MultiplyAdd(u, one - two * s, two);
            var (ofValue, ofTangent) = (Load(gy, i, length), Load(gt, i, length));
            if (drops)
            {
                var keep = m.Of(unchecked(first + (uint)i));
                ofValue *= keep;
                ofTangent *= keep;
            }
            var toU = MultiplyAdd(ofValue, phi, ofTangent * tangent * curvature);
            var toTangent = ofTangent * phi;
            var centred = value - at;
            sumU += toU;
            sumUx = MultiplyAdd(toU, centred, sumUx);
            sumT += toTangent;
            sumTx = MultiplyAdd(toTangent, centred, sumTx);
            sumTt = MultiplyAdd(toTangent, along, sumTt);
            Store(toU, du, i, length);
            Store(toTangent, dTangent, i, length);
        }
        return new(Vector256.Sum(sumU), Vector256.Sum(sumUx), Vector256.Sum(sumT), Vector256.Sum(sumTx), Vector256.Sum(sumTt));
    }

    /// <summary>The gradients of x and t, in place of those of u and u̇.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Project(float* x, float* t, float* dx, float* dt, int length, float w, Plane tangent, Plane value, float ofT)
    {
        var (own, own2, other) = (Vector256.Create(tangent.Own * w), Vector256.Create(value.Own * w), Vector256.Create(value.Other * w));
        var (x1, c1, x2, c2, t2) = (Vector256.Create(tangent.X), Vector256.Create(tangent.Constant), Vector256.Create(value.X),
            Vector256.Create(value.Constant), Vector256.Create(ofT));
        for (int i = 0; i < length; i += Lanes)
        {
            var (at, q) = (Load(x, i, length), Load(dt, i, length));
            Store(MultiplyAdd(q, own, MultiplyAdd(at, x1, c1)), dt, i, length);
            var rest = MultiplyAdd(q, other, MultiplyAdd(at, x2, MultiplyAdd(Load(t, i, length), t2, c2)));
            Store(MultiplyAdd(Load(dx, i, length), own2, rest), dx, i, length);
        }
    }
}
