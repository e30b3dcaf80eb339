using Microsoft.ML.DiffEnc.Interop;
using static Microsoft.ML.DiffEnc.Networks.Kernels.TensorMemory;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// One call of <see cref="WinogradConvolution"/>. Its inputs: x, weight, bias, scale and offset of the norm, offsets, shortcut; those that have a
/// tangent are two. Of what it computes only the outputs are kept; the backward pass has the norm's values anew.
/// </summary>
/// <param name="shape">Of a half of x.</param>
/// <param name="norm">Norm, swish and dropout before the convolution; <see langword="null"/>: none.</param>
/// <param name="halves">1: a value, 2: and its tangent, to which no bias is added.</param>
/// <param name="offsets">The halves of the offsets.</param>
/// <param name="shortcuts">The halves of the shortcut.</param>
internal sealed unsafe class WinogradConvolutionCall(ConvolutionShape shape, NormSwishKernel? norm, int halves, int offsets, int shortcuts) : IKernelCall
{
    private const nint AtOnce = 2 << 20; // numbers on both sides of the products: what stays in the cache
    private readonly WinogradPlanes _planes = new(shape.Height, shape.Width);

    /// <summary>Of x: the channels of a norm's group are read together, each by itself without one.</summary>
    private readonly NormShape _input = norm?.Shape ?? new(shape.Images, shape.Inputs, shape.Pixels, Groups: shape.Inputs);

    /// <inheritdoc/>
    public int ForwardOnly => shortcuts;

    /// <inheritdoc/>
    public List<Tensor> Forward(IReadOnlyList<Tensor> inputs)
    {
        var given = Split(inputs);
        List<Tensor> outputs = [.. given.X.Select(_ => New(shape.Images, shape.Outputs, shape.Height, shape.Width))];
        DualMemory x = DualMemory.Of(given.X), y = DualMemory.Of(outputs), added = DualMemory.Of(given.Offsets), beside = DualMemory.Of(given.Shortcut);
        float* bias = At(given.Bias), scale = AtOrNull(given.Norm, 0), offset = AtOrNull(given.Norm, 1);
        int most = MostImages();
        using var space = Workspace.Rent(OfFactors, OfTiles(shape.Inputs, most), OfTiles(shape.Outputs, most));
        float* factors = Factors(given.Weight, space);
        float* windows = space.Take(OfTiles(shape.Inputs, most)), sums = space.Take(OfTiles(shape.Outputs, most));
        for (int first = 0; first < shape.Images; first += most)
        {
            int start = first, count = Math.Min(most, shape.Images - first);
            var (read, made) = (Tiles(windows, shape.Inputs, count), Tiles(sums, shape.Outputs, count));
            ReadWindows(x, scale, offset, start, count, read, measures: true);
            WinogradProducts.ToOutputs(factors, read, made);
            EachPlane(shape.Outputs, start, count, (channel, image, half, plane) =>
            {
                nint at = shape.Output(image, channel);
                float constant = (half == 0 ? bias[channel] : 0) + (added[half] == null ? 0 : added[half][image * shape.Outputs + channel]);
                _planes.ToOutputs(made.Plane(channel, plane), made.Step, constant, beside.From(at)[half], y.From(at)[half]);
            });
        }
        return outputs;
    }

    /// <inheritdoc/>
    public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients)
    {
        var given = Split(inputs);
        bool ofFilters = (given.Weight.requires_grad || given.Bias.requires_grad) && GradientLifetime.OfWeights;
        bool ofInput = given.X.Concat(given.Norm).Any(t => t.requires_grad);
        Tensor[] ofX = [.. given.X.Where(_ => ofInput).Select(t => empty_like(t))];
        Tensor[] ofNorm = [.. given.Norm.Where(_ => ofInput).Select(_ => New(shape.Images, shape.Inputs))];
        Tensor[] totals = [.. Enumerable.Range(0, Math.Max(offsets, ofFilters ? 1 : 0)).Select(_ => New(shape.Images, shape.Outputs))]; // over pixels
        Tensor? ofWeight = ofFilters ? empty_like(given.Weight) : null;
        DualMemory x = DualMemory.Of(given.X), dx = DualMemory.Of(ofX), dy = DualMemory.Of([.. gradients.Select(g => g.contiguous())]), total = DualMemory.Of(totals);
        float* scale = AtOrNull(given.Norm, 0), offset = AtOrNull(given.Norm, 1), ofScale = AtOrNull(ofNorm, 0), ofOffset = AtOrNull(ofNorm, 1);
        int most = MostImages();
        using var space = Workspace.Rent(OfFactors, OfFactors, OfTiles(shape.Inputs, most), OfTiles(shape.Outputs, most));
        float* factors = Factors(given.Weight, space);
        float* ofFactors = space.Take(OfFactors), windows = space.Take(OfTiles(shape.Inputs, most)), sums = space.Take(OfTiles(shape.Outputs, most));
        for (int first = 0; first < shape.Images; first += most)
        {
            int start = first, count = Math.Min(most, shape.Images - first);
            var (read, made) = (Tiles(windows, shape.Inputs, count), Tiles(sums, shape.Outputs, count));
            EachPlane(shape.Outputs, start, count, (channel, image, half, plane) =>
            {
                float* gradient = dy.From(shape.Output(image, channel))[half];
                _planes.OfOutputs(gradient, made.Plane(channel, plane), made.Step);
                if (total[half] != null)
                    total[half][image * shape.Outputs + channel] = (float)Simd.Sum(gradient, shape.Pixels);
            });
            if (ofFilters)
            {
                ReadWindows(x, scale, offset, start, count, read, measures: false);
                WinogradProducts.ToFactors(made, read, ofFactors, adds: first > 0);
            }
            if (!ofInput)
                continue;
            WinogradProducts.ToInputs(factors, made, read);
            EachGroup(start, count, (image, group, plane) =>
            {
                for (int channel = _input.FirstChannel(group); channel < _input.FirstChannel(group + 1); channel++)
                    for (int half = 0; half < halves; half++)
                        _planes.ToWindows(read.Plane(channel, plane + half), read.Step, dx.From(_input.Offset(image, channel))[half]);
                norm?.Backward(image, group, x, scale, offset, dx, dx, ofScale, ofOffset);
            });
        }
        if (ofWeight is not null)
            WinogradFilters.Backward(ofFactors, shape.Filters, At(ofWeight));
        return
        [
            .. given.X.Select((_, half) => ofInput ? ofX[half] : null), ofWeight, ofFilters ? totals[0].sum([0L]) : null,
            .. given.Norm.Select((_, i) => ofInput ? ofNorm[i].sum([0L]) : null),
            .. totals.Take(offsets), .. gradients.Take(shortcuts).Select(g => g.alias()),
        ];
    }

    private Inputs Split(IReadOnlyList<Tensor> inputs)
    {
        int taken = 0;
        Tensor[] Next(int count)
        {
            Tensor[] next = [.. inputs.Skip(taken).Take(count)];
            taken += count;
            return next;
        }
        return new(Next(halves), Next(1)[0], Next(1)[0], Next(norm is null ? 0 : 2), Next(offsets), Next(shortcuts));
    }

    /// <param name="x">The input, from its first image on.</param>
    /// <param name="scale">The norm's.</param>
    /// <param name="offset">The norm's.</param>
    /// <param name="start">The first image that is read.</param>
    /// <param name="count">The images that are read.</param>
    /// <param name="to">Receives the windows' numbers.</param>
    /// <param name="measures">Whether the norm has yet to measure them.</param>
    private void ReadWindows(DualMemory x, float* scale, float* offset, int start, int count, WinogradTiles to, bool measures)
        => EachGroup(start, count, (image, group, plane) =>
        {
            if (measures)
                norm?.Measure(image, group, x);
            var swish = norm is null ? default : Workspace.PlanesOfThread(shape.Pixels);
            for (int channel = _input.FirstChannel(group); channel < _input.FirstChannel(group + 1); channel++)
            {
                norm?.Forward(image, channel, x, scale, offset, swish);
                var pixels = norm is null ? x.From(_input.Offset(image, channel)) : swish;
                for (int half = 0; half < halves; half++)
                    _planes.OfWindows(pixels[half], to.Plane(channel, plane + half), to.Step);
            }
        });

    private float* Factors(Tensor weight, Workspace space)
    {
        float* factors = space.Take(OfFactors);
        WinogradFilters.Forward(At(weight), shape.Filters, factors);
        return factors;
    }

    /// <summary>How many images are computed at a time: so many that what lies between the steps stays in the cache, all equally many.</summary>
    private int MostImages()
    {
        int most = (int)Math.Clamp(AtOnce / (halves * WinogradConvolution.PerImage(shape)), 1, shape.Images), times = (shape.Images + most - 1) / most;
        return (shape.Images + times - 1) / times;
    }

    private nint OfFactors => (nint)Winograd.Products * shape.Filters;

    private nint OfTiles(int channels, int images) => WinogradTiles.Size(channels, _planes.Tiles, halves * images);

    /// <summary>Of some images, whose halves stand one behind the other.</summary>
    private WinogradTiles Tiles(float* first, int channels, int images) => new(first, channels, _planes.Tiles, halves * images);

    /// <param name="start">The first image.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="compute">Is given an image, a group of its channels and the number of its first half among the tiles.</param>
    private void EachGroup(int start, int count, Action<int, int, int> compute) => ComputeThreads.For(count * _input.Groups, piece =>
    {
        var (i, group) = Math.DivRem(piece, _input.Groups);
        compute(start + i, group, i * halves);
    });

    /// <param name="channels">The channels of an image.</param>
    /// <param name="start">The first image.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="compute">Is given a channel, an image, a half of it and the number of that half among the tiles.</param>
    private void EachPlane(int channels, int start, int count, Action<int, int, int, int> compute) => ComputeThreads.For(channels, channel =>
    {
        for (int plane = 0; plane < count * halves; plane++)
            compute(channel, start + plane / halves, plane % halves, plane);
    });

    private static float* AtOrNull(Tensor[] tensors, int i) => i < tensors.Length ? At(tensors[i]) : null;

    private sealed record Inputs(Tensor[] X, Tensor Weight, Tensor Bias, Tensor[] Norm, Tensor[] Offsets, Tensor[] Shortcut);
}
