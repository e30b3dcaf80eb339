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
    private const int FewestChannels = 16, SmallestSide = 8, LargestSide = 4096;
    private const nint AtOnce = 2 << 20, MostPerImage = 16 << 20; // numbers on both sides of the products

    /// <summary>Whether this machine has what it needs: a processor with AVX2, and a libtorch with MKL.</summary>
    public static bool Available => Avx2.IsSupported && Fma.IsSupported && MatrixProducts.Available;

    /// <summary>
    /// Whether it is for such a convolution: in single precision, of enough channels and pixels, and of images that take no more than 64 MiB on both
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
            && shape.Filters % Simd.Lanes == 0 && PerImage(shape) <= MostPerImage;
    }

    /// <param name="x">[B, C_in, H, W], with or without a tangent.</param>
    /// <param name="weight">[C_out, C_in, 3, 3].</param>
    /// <param name="bias">[C_out].</param>
    /// <returns>[B, C_out, H, W].</returns>
    public static Dual Apply(Dual x, Tensor weight, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var value = x.Value.contiguous();
        bool ofInput = value.requires_grad || x.Tangent is { requires_grad: true };
        var call = new Call(ConvolutionShape.Of(value, weight), ofInput, weight.requires_grad || bias.requires_grad);
        bool records = is_grad_enabled() && (call.OfInput || call.OfFilters);
        if (x.Tangent is null)
            return new Dual(records ? ValueFunction.apply(call, value, weight, bias) : call.Forward([value], weight, bias)[0]).MoveToOuterDisposeScope();
        var tangent = x.TangentOrZero().contiguous();
        var pair = records ? PairFunction.apply(call, value, tangent, weight, bias) : call.Forward([value, tangent], weight, bias);
        return new Dual(pair[0], pair[1]).MoveToOuterDisposeScope();
    }

    private static nint PerImage(ConvolutionShape shape)
        => (nint)Winograd.Products * (shape.Inputs + shape.Outputs) * new WinogradPlanes(shape.Height, shape.Width).Tiles;

    /// <summary>One convolution of a value, or of a value and its tangent side by side, and what its backward pass needs to know.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="ofInput">Whether anybody needs the gradient of the input.</param>
    /// <param name="ofWeights">Whether anybody may need the gradients of weight and bias.</param>
    private sealed class Call(ConvolutionShape shape, bool ofInput, bool ofWeights)
    {
        private readonly WinogradPlanes _planes = new(shape.Height, shape.Width);

        public bool OfInput => ofInput;

        public bool OfFilters => ofWeights;

        /// <param name="inputs">The value, and where there is one the tangent, to which no bias is added.</param>
        /// <param name="weight">[C_out, C_in, 3, 3].</param>
        /// <param name="bias">[C_out].</param>
        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs, Tensor weight, Tensor bias)
        {
            List<Tensor> outputs = [.. inputs.Select(_ => empty(shape.Images, shape.Outputs, shape.Height, shape.Width))];
            var (x, y) = (new Images(inputs, shape.Pixels), new Images(outputs, shape.Pixels));
            float* offsets = At(bias);
            int most = Most(x.Count);
            using var space = Workspace.Rent(OfFactors, OfTiles(shape.Inputs, most), OfTiles(shape.Outputs, most));
            var factors = Factors(weight, space);
            float* windows = space.Take(OfTiles(shape.Inputs, most)), sums = space.Take(OfTiles(shape.Outputs, most));
            for (int first = 0; first < x.Count; first += most)
            {
                int start = first, count = Math.Min(most, x.Count - first);
                var (read, made) = (Tiles(windows, shape.Inputs, count), Tiles(sums, shape.Outputs, count));
                ReadWindows(x, start, count, read);
                MatrixProducts.Multiply(Winograd.Products, factors, read, made);
                EachPlane(shape.Outputs, count, (channel, i) => _planes.ToOutputs(
                    Plane(made, channel, i), made.Step, start + i < shape.Images ? offsets[channel] : 0, y.Plane(start + i, channel)));
            }
            return outputs;
        }

        /// <returns>The gradients of the inputs, of weight and of bias.</returns>
        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, Tensor weight, IReadOnlyList<Tensor> gradients)
        {
            bool ofFilters = OfFilters && GradientLifetime.OfWeights;
            Tensor[] ofInputs = ofInput ? [.. inputs.Select(x => empty_like(x))] : [], contiguous = [.. gradients.Select(g => g.contiguous())];
            Tensor? ofWeight = ofFilters ? empty_like(weight) : null, ofBias = ofFilters ? empty(shape.Images, shape.Outputs) : null;
            var (x, dx, dy) = (new Images(inputs, shape.Pixels), new Images(ofInputs, shape.Pixels), new Images(contiguous, shape.Pixels));
            float* biases = ofBias is null ? null : At(ofBias);
            int most = Most(x.Count);
            using var space = Workspace.Rent(OfFactors, OfFactors, OfTiles(shape.Inputs, most), OfTiles(shape.Outputs, most));
            var factors = Factors(weight, space);
            var ofFactors = new MatrixStack(space.Take(OfFactors), shape.Outputs, shape.Inputs);
            float* windows = space.Take(OfTiles(shape.Inputs, most)), sums = space.Take(OfTiles(shape.Outputs, most));
            for (int first = 0; first < x.Count; first += most)
            {
                int start = first, count = Math.Min(most, x.Count - first);
                var (read, made) = (Tiles(windows, shape.Inputs, count), Tiles(sums, shape.Outputs, count));
                EachPlane(shape.Outputs, count, (channel, i) =>
                {
                    float* plane = dy.Plane(start + i, channel);
                    _planes.OfOutputs(plane, Plane(made, channel, i), made.Step);
                    if (biases != null && start + i < shape.Images)
                        biases[(start + i) * shape.Outputs + channel] = Simd.Sum(plane, shape.Pixels);
                });
                if (ofFilters)
                {
                    ReadWindows(x, start, count, read);
                    MatrixProducts.Multiply(Winograd.Products, made, read.T, ofFactors, adds: first > 0);
                }
                if (ofInput)
                {
                    MatrixProducts.Multiply(Winograd.Products, factors.T, made, read);
                    EachPlane(shape.Inputs, count, (channel, i) => _planes.ToWindows(Plane(read, channel, i), read.Step, dx.Plane(start + i, channel)));
                }
            }
            if (ofWeight is not null)
                WinogradFilters.Backward(ofFactors.First, shape.Filters, At(ofWeight));
            IEnumerable<Tensor?> all = ofInput ? ofInputs : inputs.Select(_ => (Tensor?)null);
            return [.. all, ofWeight, ofBias?.sum([0L])];
        }

        private void ReadWindows(Images x, int start, int count, MatrixStack to)
            => EachPlane(shape.Inputs, count, (channel, i) => _planes.OfWindows(x.Plane(start + i, channel), Plane(to, channel, i), to.Step));

        private MatrixStack Factors(Tensor weight, Workspace space)
        {
            var factors = new MatrixStack(space.Take(OfFactors), shape.Outputs, shape.Inputs);
            WinogradFilters.Forward(At(weight), shape.Filters, factors.First);
            return factors;
        }

        /// <summary>How many images are computed at a time: so many that what lies between the steps stays in the cache, all equally many.</summary>
        private int Most(int images)
        {
            int most = (int)Math.Clamp(AtOnce / PerImage(shape), 1, images), times = (images + most - 1) / most;
            return (images + times - 1) / times;
        }

        private nint OfFactors => (nint)Winograd.Products * shape.Filters;

        private nint OfTiles(int channels, int images) => (nint)Winograd.Products * channels * images * _planes.Tiles;

        private MatrixStack Tiles(float* first, int channels, int images) => new(first, channels, images * _planes.Tiles);

        /// <summary>The first tile of a plane.</summary>
        private float* Plane(MatrixStack tiles, int channel, int image) => tiles.First + (nint)channel * tiles.Columns + image * _planes.Tiles;

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

    private sealed class ValueFunction : autograd.SingleTensorFunction<ValueFunction>
    {
        public override string Name => "WinogradConvolution";

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (call, x, weight, bias) = ((Call)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3]);
            ctx.save_for_backward([x, weight]);
            ctx.save_data(nameof(Call), call);
            ctx.set_materialize_grads(false);
            return call.Forward([x], weight, bias)[0];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GradientLifetime.Compute(
            ctx, [grad_output], (saved, given) => ((Call)ctx.get_data(nameof(Call))).Backward([saved[0]], saved[1], given));
    }

    private sealed class PairFunction : autograd.MultiTensorFunction<PairFunction>
    {
        public override string Name => "WinogradConvolutionPair";

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (call, x, tangent, weight, bias) = ((Call)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3], (Tensor)vars[4]);
            ctx.save_for_backward([x, tangent, weight]);
            ctx.save_data(nameof(Call), call);
            ctx.set_materialize_grads(false);
            return call.Forward([x, tangent], weight, bias);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => GradientLifetime.Compute(
            ctx, grad_outputs, (saved, given) => ((Call)ctx.get_data(nameof(Call))).Backward([saved[0], saved[1]], saved[2], given));
    }
}
