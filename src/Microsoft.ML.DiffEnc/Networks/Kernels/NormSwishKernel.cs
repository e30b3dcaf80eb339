using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.DiffEnc.Interop;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// y = m · swish(w n + b), n = (x − μ)/√(var + ε) over each group, m a dropout mask: one sweep over memory where libtorch makes four operations, and
/// nothing kept for the backward pass but x and two numbers a group.
/// </summary>
internal static unsafe class NormSwishKernel
{
    /// <summary>The numbers of a piece that the backward pass needs again: μ and 1/√(var + ε).</summary>
    public const int StatisticsPerPiece = 2;

    public static void Forward(NormShape shape, double epsilon, DropoutMask? mask, float* x, float* w, float* b, float* y, float[] statistics)
        => ComputeThreads.For(shape.Pieces, piece =>
        {
            var (image, group) = Math.DivRem(piece, shape.Groups);
            int channel = group * shape.ChannelsPerGroup;
            nint offset = shape.Offset(image, channel);
            var (mean, inverse) = Moments(x + offset, shape.PerGroup, epsilon);
            statistics[2 * piece] = mean;
            statistics[2 * piece + 1] = inverse;
            uint first = mask?.FirstElement(image, shape.Images, shape.PerImage) ?? 0;
            for (int c = channel; c < channel + shape.ChannelsPerGroup; c++)
            {
                nint start = shape.Offset(image, c);
                float a = w[c] * inverse;
                Forward(x + start, y + start, shape.Pixels, a, b[c] - mean * a, mask, unchecked(first + (uint)(c * shape.Pixels)));
            }
        });

    /// <param name="shape">The shape.</param>
    /// <param name="mask">The mask of the forward pass.</param>
    /// <param name="x">The input.</param>
    /// <param name="w">The scale, [Channels].</param>
    /// <param name="b">The offset, [Channels].</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="statistics">What the forward pass left.</param>
    /// <param name="dx">Receives the gradient of x.</param>
    /// <param name="dw">Receives each image's share of the gradient of w, [Images, Channels].</param>
    /// <param name="db">Likewise of b.</param>
    public static void Backward(
        NormShape shape, DropoutMask? mask, float* x, float* w, float* b, float* dy, float[] statistics, float* dx, float* dw, float* db)
        => ComputeThreads.For(shape.Pieces, piece =>
        {
            var (image, group) = Math.DivRem(piece, shape.Groups);
            int channel = group * shape.ChannelsPerGroup;
            var (mean, inverse) = (statistics[2 * piece], statistics[2 * piece + 1]);
            uint first = mask?.FirstElement(image, shape.Images, shape.PerImage) ?? 0;
            double sumP = 0, sumPn = 0; // of p = ∂/∂n, and of p n
            for (int c = channel; c < channel + shape.ChannelsPerGroup; c++)
            {
                nint start = shape.Offset(image, c), of = (nint)image * shape.Channels + c;
                float a = w[c] * inverse;
                var (sum, sumCentred) = ToInput(
                    x + start, dy + start, dx + start, shape.Pixels, a, b[c] - mean * a, mean, mask, unchecked(first + (uint)(c * shape.Pixels)));
                db[of] = sum;
                dw[of] = sumCentred * inverse;
                sumP += w[c] * sum;
                sumPn += w[c] * dw[of];
            }
            // dx = (p − mean p − n mean(p n))/deviation
            float slope = (float)(-inverse * inverse * sumPn / shape.PerGroup), offset = (float)(-inverse * sumP / shape.PerGroup) - slope * mean;
            for (int c = channel; c < channel + shape.ChannelsPerGroup; c++)
            {
                nint start = shape.Offset(image, c);
                Project(x + start, dx + start, shape.Pixels, w[c] * inverse, slope, offset);
            }
        });

    /// <summary>μ and 1/√(var + ε).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Mean, float Inverse) Moments(float* x, int length, double epsilon)
    {
        var sum = Vector256<float>.Zero;
        for (int i = 0; i < length; i += Lanes)
            sum += Load(x, i, length);
        float mean = Vector256.Sum(sum) / length;
        var (at, squares) = (Vector256.Create(mean), Vector256<float>.Zero);
        for (int i = 0; i < length; i += Lanes)
        {
            var centred = LoadCentred(x, i, length, at);
            squares = MultiplyAdd(centred, centred, squares);
        }
        return (mean, (float)(1 / Math.Sqrt((double)Vector256.Sum(squares) / length + epsilon)));
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
