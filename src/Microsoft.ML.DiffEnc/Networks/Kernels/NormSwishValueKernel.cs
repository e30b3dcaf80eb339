using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary><see cref="NormSwishKernel"/> of a value alone.</summary>
internal sealed unsafe class NormSwishValueKernel(NormShape shape, double epsilon, DropoutMask? mask) : NormSwishKernel(shape, epsilon, mask)
{
    /// <summary>Of each group: μ and 1/√(var + ε).</summary>
    private readonly (float Mean, float Inverse)[] _statistics = new (float, float)[shape.Pieces];

    /// <inheritdoc/>
    public override void Measure(int image, int group, DualMemory x)
        => _statistics[Shape.Piece(image, group)] = Moments(x.Value + Shape.Offset(image, Shape.FirstChannel(group)), Shape.PerGroup, Epsilon);

    /// <inheritdoc/>
    public override void Forward(int image, int channel, DualMemory x, float* w, float* b, DualMemory y)
    {
        var (mean, inverse) = _statistics[Shape.Piece(image, channel / Shape.ChannelsPerGroup)];
        float a = w[channel] * inverse;
        Forward(x.Value + Shape.Offset(image, channel), y.Value, Shape.Pixels, a, b[channel] - mean * a, Mask, FirstElement(image, channel));
    }

    /// <inheritdoc/>
    public override void Backward(int image, int group, DualMemory x, float* w, float* b, DualMemory dy, DualMemory dx, float* dw, float* db)
    {
        int first = Shape.FirstChannel(group), end = Shape.FirstChannel(group + 1);
        var (mean, inverse) = _statistics[Shape.Piece(image, group)];
        double sumP = 0, sumPn = 0; // of p = ∂/∂n, and of p n
        for (int c = first; c < end; c++)
        {
            nint start = Shape.Offset(image, c), of = (nint)image * Shape.Channels + c;
            float a = w[c] * inverse;
            uint element = FirstElement(image, c);
            double sum = 0, sumCentred = 0;
            for (int i = 0; i < Shape.Pixels; i += Stretch)
            {
                nint at = start + i;
                var part = ToInput(
                    x.Value + at, dy.Value + at, dx.Value + at, Math.Min(Stretch, Shape.Pixels - i), a, b[c] - mean * a, mean, Mask, unchecked(element + (uint)i));
                (sum, sumCentred) = (sum + part.Sum, sumCentred + part.SumCentred);
            }
            db[of] = (float)sum;
            dw[of] = (float)sumCentred * inverse;
            sumP += w[c] * db[of];
            sumPn += w[c] * dw[of];
        }
        // dx = (p − mean p − n mean(p n))/deviation
        float slope = (float)(-inverse * inverse * sumPn / Shape.PerGroup), offset = (float)(-inverse * sumP / Shape.PerGroup) - slope * mean;
        for (int c = first; c < end; c++)
        {
            nint start = Shape.Offset(image, c);
            Project(x.Value + start, dx.Value + start, Shape.Pixels, w[c] * inverse, slope, offset);
        }
    }

    /// <summary>μ and 1/√(var + ε).</summary>
    internal static (float Mean, float Inverse) Moments(float* x, int length, double epsilon)
    {
        float mean = (float)(Sum(x, length) / length);
        double squares = 0;
        for (int i = 0; i < length; i += Stretch)
            squares += Squares(x + i, Math.Min(Stretch, length - i), mean);
        return (mean, (float)(1 / Math.Sqrt(squares / length + epsilon)));
    }

    /// <summary>Σ (x − μ)².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Squares(float* x, int length, float mean)
    {
        var (at, squares) = (Vector256.Create(mean), Vector256<float>.Zero);
        for (int i = 0; i < length; i += Lanes)
        {
            var centred = LoadCentred(x, i, length, at);
            squares = MultiplyAdd(centred, centred, squares);
        }
        return Vector256.Sum(squares);
    }

    /// <summary>y = m · swish(a x + k).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward(float* x, float* y, int length, float a, float k, DropoutMask? mask, uint first)
    {
        var (scale, offset) = (Vector256.Create(a), Vector256.Create(k));
        bool drops = mask is not null;
        var m = mask.GetValueOrDefault();
        for (int i = 0; i < length; i += Lanes)
        {
            var u = MultiplyAdd(Load(x, i, length), scale, offset);
            var value = u * Sigmoid(u);
            if (drops)
                value *= m.Of(unchecked(first + (uint)i));
            Store(value, y, i, length);
        }
    }

    /// <summary>du, the gradient of the norm's output, and over a channel Σ du and Σ du (x − μ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Sum, float SumCentred) ToInput(
        float* x, float* dy, float* du, int length, float a, float k, float mean, DropoutMask? mask, uint first)
    {
        var (scale, offset, at, one) = (Vector256.Create(a), Vector256.Create(k), Vector256.Create(mean), Vector256<float>.One);
        var (sum, sumCentred) = (Vector256<float>.Zero, Vector256<float>.Zero);
        bool drops = mask is not null;
        var m = mask.GetValueOrDefault();
        for (int i = 0; i < length; i += Lanes)
        {
            var value = Load(x, i, length);
            var u = MultiplyAdd(value, scale, offset);
            var s = Sigmoid(u);
            var g = Load(dy, i, length) * s * MultiplyAdd(u, one - s, one);
            if (drops)
                g *= m.Of(unchecked(first + (uint)i));
            sum += g;
            sumCentred = MultiplyAdd(g, value - at, sumCentred);
            Store(g, du, i, length);
        }
        return (Vector256.Sum(sum), Vector256.Sum(sumCentred));
    }

    /// <summary>dx = scale · du + slope · x + offset, in place of du.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Project(float* x, float* du, int length, float scale, float slope, float offset)
    {
        var (a, e, k) = (Vector256.Create(scale), Vector256.Create(slope), Vector256.Create(offset));
        for (int i = 0; i < length; i += Lanes)
            Store(MultiplyAdd(Load(du, i, length), a, MultiplyAdd(Load(x, i, length), e, k)), du, i, length);
    }
}
