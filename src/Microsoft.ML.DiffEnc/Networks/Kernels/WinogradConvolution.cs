using System.Runtime.Intrinsics.X86;
using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static Microsoft.ML.DiffEnc.Networks.Kernels.TensorMemory;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// 3×3 convolutions by <see cref="Winograd"/>'s products, a quarter of the direct ones, all of them matrix products. libtorch can differentiate them,
/// once. Its own convolutions on the CPU are direct, and copy their pictures into another order first.
/// </summary>
internal static unsafe class WinogradConvolution
{
    private const int FewestChannels = 16, ChannelsTogether = 4, SmallestSide = 8, LargestSide = 4096;
    private const nint AtOnce = 2 << 20, MostPerImage = 16 << 20; // numbers on both sides of the products

    /// <summary>Whether this machine has what it needs: a processor with AVX2.</summary>
    public static bool Available => Avx2.IsSupported && Fma.IsSupported;

    /// <summary>
    /// Whether it is for such a convolution: in single precision, of enough channels, multiples of four, and enough pixels, and of images that take no more than 64 MiB on both
    /// sides of the products (172×172 pixels with 128 channels each).
    /// </summary>
    /// <param name="x">[B, C_in, H, W].</param>
    /// <param name="weight">[C_out, C_in, k, k].</param>
    public static bool Takes(Tensor x, Tensor weight)
    {
        if (!Available || x.dim() != 4 || weight.size(2) != 3 || weight.size(3) != 3 || weight.size(1) != x.size(1)
            || x.device.type != DeviceType.CPU || x.dtype != float32 || weight.dtype != float32 || Autocast.IsOn(DeviceType.CPU))
            return false;
        var shape = ConvolutionShape.Of(x, weight);
        return shape is { Images: > 0, Inputs: >= FewestChannels, Outputs: >= FewestChannels }
            and { Height: >= SmallestSide and <= LargestSide, Width: >= SmallestSide and <= LargestSide }
            && shape.Inputs % ChannelsTogether == 0 && shape.Outputs % ChannelsTogether == 0 && PerImage(shape) <= MostPerImage;
    }

    /// <param name="x">[B, C_in, H, W], with or without a tangent.</param>
    /// <param name="weight">[C_out, C_in, 3, 3].</param>
    /// <param name="bias">[C_out].</param>
    /// <returns>[B, C_out, H, W].</returns>
    public static Dual Apply(Dual x, Tensor weight, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var value = x.Value.contiguous();
        var call = new Call(ConvolutionShape.Of(value, weight));
        if (x.Tangent is null)
            return new Dual(KernelFunction.Apply(call, value, weight, bias)[0]).MoveToOuterDisposeScope();
        var pair = KernelFunction.Apply(call, value, x.TangentOrZero().contiguous(), weight, bias);
        return new Dual(pair[0], pair[1]).MoveToOuterDisposeScope();
    }

    private static nint PerImage(ConvolutionShape shape)
        => (nint)Winograd.Products * (shape.Inputs + shape.Outputs) * new WinogradPlanes(shape.Height, shape.Width).Tiles;

    /// <summary>A value, or a value and its tangent, to which no bias is added; then weight and bias.</summary>
    private sealed class Call(ConvolutionShape shape) : IKernelCall
    {
        private readonly WinogradPlanes _planes = new(shape.Height, shape.Width);

        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs)
        {
            var (parts, weight, bias) = Split(inputs);
            List<Tensor> outputs = [.. parts.Select(_ => empty(shape.Images, shape.Outputs, shape.Height, shape.Width))];
            var (x, y) = (new Images(parts, shape.Pixels), new Images(outputs, shape.Pixels));
            float* offsets = At(bias);
            int most = Most(x.Count);
            using var space = Workspace.Rent(OfFactors, OfTiles(shape.Inputs, most), OfTiles(shape.Outputs, most));
            float* factors = Factors(weight, space);
            float* windows = space.Take(OfTiles(shape.Inputs, most)), sums = space.Take(OfTiles(shape.Outputs, most));
            for (int first = 0; first < x.Count; first += most)
            {
                int start = first, count = Math.Min(most, x.Count - first);
                var (read, made) = (Tiles(windows, shape.Inputs, count), Tiles(sums, shape.Outputs, count));
                ReadWindows(x, start, count, read);
                WinogradProducts.ToOutputs(factors, read, made);
                EachPlane(shape.Outputs, count, (channel, i) => _planes.ToOutputs(
                    made.Plane(channel, i), made.Step, start + i < shape.Images ? offsets[channel] : 0, y.Plane(start + i, channel)));
            }
            return outputs;
        }

        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients)
        {
            var (parts, weight, bias) = Split(inputs);
            bool ofInput = parts.Any(x => x.requires_grad), ofFilters = (weight.requires_grad || bias.requires_grad) && GradientLifetime.OfWeights;
            Tensor[] ofParts = ofInput ? [.. parts.Select(x => empty_like(x))] : [], contiguous = [.. gradients.Select(g => g.contiguous())];
            Tensor? ofWeight = ofFilters ? empty_like(weight) : null, ofBias = ofFilters ? empty(shape.Images, shape.Outputs) : null;
            var (x, dx, dy) = (new Images(parts, shape.Pixels), new Images(ofParts, shape.Pixels), new Images(contiguous, shape.Pixels));
            float* biases = ofBias is null ? null : At(ofBias);
            int most = Most(x.Count);
            using var space = Workspace.Rent(OfFactors, OfFactors, OfTiles(shape.Inputs, most), OfTiles(shape.Outputs, most));
            float* factors = Factors(weight, space);
            float* ofFactors = space.Take(OfFactors), windows = space.Take(OfTiles(shape.Inputs, most)), sums = space.Take(OfTiles(shape.Outputs, most));
            for (int first = 0; first < x.Count; first += most)
            {
                int start = first, count = Math.Min(most, x.Count - first);
                var (read, made) = (Tiles(windows, shape.Inputs, count), Tiles(sums, shape.Outputs, count));
                EachPlane(shape.Outputs, count, (channel, i) =>
                {
                    float* plane = dy.Plane(start + i, channel);
                    _planes.OfOutputs(plane, made.Plane(channel, i), made.Step);
                    if (i == count - 1)
                        made.EndRows(channel);
                    if (biases != null && start + i < shape.Images)
                        biases[(start + i) * shape.Outputs + channel] = Simd.Sum(plane, shape.Pixels);
                });
                if (ofFilters)
                {
                    ReadWindows(x, start, count, read);
                    WinogradProducts.ToFactors(made, read, ofFactors, adds: first > 0);
                }
                if (ofInput)
                {
                    WinogradProducts.ToInputs(factors, made, read);
                    EachPlane(shape.Inputs, count, (channel, i) => _planes.ToWindows(read.Plane(channel, i), read.Step, dx.Plane(start + i, channel)));
                }
            }
            if (ofWeight is not null)
                WinogradFilters.Backward(ofFactors, shape.Filters, At(ofWeight));
            return [.. parts.Select((_, i) => ofInput ? ofParts[i] : null), ofWeight, ofBias?.sum([0L])];
        }

        private static (Tensor[] Parts, Tensor Weight, Tensor Bias) Split(IReadOnlyList<Tensor> inputs) => ([.. inputs.SkipLast(2)], inputs[^2], inputs[^1]);

        private void ReadWindows(Images x, int start, int count, WinogradTiles to) => EachPlane(shape.Inputs, count, (channel, i) =>
        {
            _planes.OfWindows(x.Plane(start + i, channel), to.Plane(channel, i), to.Step);
            if (i == count - 1)
                to.EndRows(channel);
        });

        private float* Factors(Tensor weight, Workspace space)
        {
            float* factors = space.Take(OfFactors);
            WinogradFilters.Forward(At(weight), shape.Filters, factors);
            return factors;
        }

        /// <summary>How many images are computed at a time: so many that what lies between the steps stays in the cache, all equally many.</summary>
        private int Most(int images)
        {
            int most = (int)Math.Clamp(AtOnce / PerImage(shape), 1, images), times = (images + most - 1) / most;
            return (images + times - 1) / times;
        }

        private nint OfFactors => (nint)Winograd.Products * shape.Filters;

        private nint OfTiles(int channels, int images) => WinogradTiles.Size(channels, _planes.Tiles, images);

        private WinogradTiles Tiles(float* first, int channels, int images) => new(first, channels, _planes.Tiles, images);

        private static void EachPlane(int channels, int images, Action<int, int> compute) => ComputeThreads.For(channels, channel =>
        {
            for (int i = 0; i < images; i++)
                compute(channel, i);
        });
    }

    /// <summary>The images of one or more tensors, numbered through.</summary>
    private readonly struct Images
    {
        private readonly float*[] _starts;
        private readonly int _perTensor, _channels, _pixels;

        public Images(IReadOnlyList<Tensor> tensors, int pixels)
        {
            _pixels = pixels;
            _starts = new float*[tensors.Count];
            for (int i = 0; i < tensors.Count; i++)
            {
                _starts[i] = At(tensors[i]);
                (_perTensor, _channels) = ((int)tensors[i].size(0), (int)tensors[i].size(1));
            }
        }

        public int Count => _starts.Length * _perTensor;

        public float* Plane(int image, int channel)
            => _starts[image / _perTensor] + ((nint)(image % _perTensor) * _channels + channel) * _pixels;
    }
}
