using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// <see cref="NormSwishKernel"/> of a value x and its derivative t: y as there, and its derivative
/// m · φ(u) u̇ with u = w n + b, u̇ = w ṅ, ṅ = (t − mean t − n mean(n t))/√(var + ε) and φ = swish', written with s = sigmoid(u):
/// φ = s + u s(1 − s), φ' = s(1 − s)(2 + u(1 − 2s)).
/// </summary>
internal sealed unsafe class NormSwishPairKernel(NormShape shape, double epsilon, DropoutMask? mask) : NormSwishKernel(shape, epsilon, mask)
{
    private readonly Statistics[] _statistics = new Statistics[shape.Pieces];

    /// <inheritdoc/>
    public override void Measure(int image, int group, DualMemory x)
    {
        x = x.From(Shape.Offset(image, Shape.FirstChannel(group)));
        var (mean, r) = NormSwishValueKernel.Moments(x.Value, Shape.PerGroup, Epsilon);
        var (meanT, along) = MomentsOfTangent(x.Value, x.Tangent, Shape.PerGroup, mean);
        _statistics[Shape.Piece(image, group)] = new(mean, r, meanT, along * r);
    }

    /// <inheritdoc/>
    public override void Forward(int image, int channel, DualMemory x, float* w, float* b, DualMemory y)
    {
        x = x.From(Shape.Offset(image, channel));
        var lines = new Lines(w[channel], b[channel], _statistics[Shape.Piece(image, channel / Shape.ChannelsPerGroup)]);
        Forward(x.Value, x.Tangent, y.Value, y.Tangent, Shape.Pixels, lines, Mask, FirstElement(image, channel));
    }

    /// <inheritdoc/>
    public override void Backward(int image, int group, DualMemory x, float* w, float* b, DualMemory dy, DualMemory dx, float* dw, float* db)
    {
        int first = Shape.FirstChannel(group), end = Shape.FirstChannel(group + 1);
        var statistics = _statistics[Shape.Piece(image, group)];
        var (mean, r, meanT, correlation) = statistics;
        double p = 0, pn = 0, q = 0, qn = 0, qt = 0; // sums, then means, of p = ∂/∂n, q = ∂/∂ṅ and their products with n and t
        for (int c = first; c < end; c++)
        {
            nint start = Shape.Offset(image, c), of = (nint)image * Shape.Channels + c;
            var lines = new Lines(w[c], b[c], statistics);
            uint element = FirstElement(image, c);
            var sums = default(Sums);
            for (int i = 0; i < Shape.Pixels; i += Stretch)
            {
                var (from, gradient, to) = (x.From(start + i), dy.From(start + i), dx.From(start + i));
                sums += ToInput(
                    from.Value, from.Tangent, gradient.Value, gradient.Tangent, to.Value, to.Tangent, Math.Min(Stretch, Shape.Pixels - i),
                    lines, mean, Mask, unchecked(element + (uint)i));
            }
            var (u, uCentred, tangent, tangentCentred, tangentT) = sums.Rounded;
            db[of] = u;
            dw[of] = r * (uCentred + tangentT - meanT * tangent - correlation * r * tangentCentred);
            p += w[c] * u;
            pn += w[c] * r * uCentred;
            q += w[c] * tangent;
            qn += w[c] * r * tangentCentred;
            qt += w[c] * tangentT;
        }
        int count = Shape.PerGroup;
        (p, pn, q, qn, qt) = (p / count, pn / count, q / count, qn / count, qt / count);
        // dt = r (q − mean q − n mean(q n));  with P = p − r (q c + t mean(q n)):  dx = r (P − mean P − n (mean(P n) + mean(q ṅ)))
        double meanP = p - r * (q * correlation + meanT * qn), meanPn = pn - 2 * r * correlation * qn;
        double meanQn = r * (qt - meanT * q - correlation * qn);
        var toTangent = new Plane(r, 0, (float)(-r * r * qn), (float)(-r * q + r * r * qn * mean));
        double ofX = -r * r * (meanPn + meanQn);
        float ofQ = -r * r * correlation, ofT = (float)(-r * r * qn), constant = (float)(-r * meanP - ofX * mean);
        for (int c = first; c < end; c++)
        {
            nint start = Shape.Offset(image, c);
            var (from, to) = (x.From(start), dx.From(start));
            Project(from.Value, from.Tangent, to.Value, to.Tangent, Shape.Pixels, w[c], toTangent, new Plane(r, ofQ, (float)ofX, constant), ofT);
        }
    }

    /// <summary>Of a group: μ, r = 1/√(var + ε), mean t and c = mean(n t).</summary>
    private readonly record struct Statistics(float Mean, float R, float MeanT, float Correlation);

    /// <summary>u = <see cref="A"/> x + <see cref="K"/> and u̇ = A t + <see cref="E"/> x + <see cref="F"/> in one channel.</summary>
    private readonly struct Lines
    {
        public readonly float A, K, E, F;

        public Lines(float w, float b, Statistics of)
        {
            A = w * of.R;
            K = b - of.Mean * A;
            E = -A * of.R * of.Correlation;
            F = -A * of.MeanT - E * of.Mean;
        }
    }

    /// <summary>Coefficients of a linear map of (own gradient, other gradient, x, 1).</summary>
    private readonly record struct Plane(float Own, float Other, float X, float Constant);

    private readonly record struct Sums(double U, double UCentred, double Tangent, double TangentCentred, double TangentT)
    {
        public (float U, float UCentred, float Tangent, float TangentCentred, float TangentT) Rounded
            => ((float)U, (float)UCentred, (float)Tangent, (float)TangentCentred, (float)TangentT);

        public static Sums operator +(Sums a, Sums b)
            => new(a.U + b.U, a.UCentred + b.UCentred, a.Tangent + b.Tangent, a.TangentCentred + b.TangentCentred, a.TangentT + b.TangentT);
    }

    /// <summary>mean t and mean((x − μ) t).</summary>
    private static (float MeanT, float Along) MomentsOfTangent(float* x, float* t, int length, float mean)
    {
        double sum = 0, product = 0;
        for (int i = 0; i < length; i += Stretch)
        {
            var part = SumsOfTangent(x + i, t + i, Math.Min(Stretch, length - i), mean);
            (sum, product) = (sum + part.Sum, product + part.Product);
        }
        return ((float)(sum / length), (float)(product / length));
    }

    /// <summary>Σ t and Σ (x − μ) t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Sum, float Product) SumsOfTangent(float* x, float* t, int length, float mean)
    {
        var (at, sum, product) = (Vector256.Create(mean), Vector256<float>.Zero, Vector256<float>.Zero);
        for (int i = 0; i < length; i += Lanes)
        {
            var tangent = Load(t, i, length);
            sum += tangent;
            product = MultiplyAdd(LoadCentred(x, i, length, at), tangent, product);
        }
        return (Vector256.Sum(sum), Vector256.Sum(product));
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
