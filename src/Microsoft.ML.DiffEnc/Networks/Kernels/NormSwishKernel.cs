namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// One call's norm, swish and dropout, y = m · swish(w n + b), n = (x − μ)/√(var + ε) over each group, m a dropout mask, for a value or a value and
/// its derivative: a group of an image at a time, and what comes before or after may be done with it while it is in the cache. Nothing is kept for the
/// backward pass but the input and what was measured of each group.
/// </summary>
/// <param name="shape">The shape.</param>
/// <param name="epsilon">ε.</param>
/// <param name="mask">m; <see langword="null"/>: 1.</param>
internal abstract unsafe class NormSwishKernel(NormShape shape, double epsilon, DropoutMask? mask)
{
    /// <param name="x">[B, C, H, W], what it is called for, with or without a derivative.</param>
    /// <param name="norm">The settings.</param>
    public static NormSwishKernel Of(Dual x, NormSwish norm)
    {
        var shape = NormShape.Of(x.Value, norm.Groups);
        return x.Tangent is null ? new NormSwishValueKernel(shape, norm.Epsilon, norm.Mask) : new NormSwishPairKernel(shape, norm.Epsilon, norm.Mask);
    }

    public NormShape Shape { get; } = shape;

    protected double Epsilon => epsilon;

    protected DropoutMask? Mask => mask;

    /// <summary>Measures a group; before anything else is done with it.</summary>
    /// <param name="image">Which image.</param>
    /// <param name="group">Which of its groups.</param>
    /// <param name="x">The input, from its first image on.</param>
    public abstract void Measure(int image, int group, DualMemory x);

    /// <summary>The values of one channel.</summary>
    /// <param name="image">Which image.</param>
    /// <param name="channel">Which of its channels.</param>
    /// <param name="x">The input, from its first image on.</param>
    /// <param name="w">The scale, [Channels].</param>
    /// <param name="b">The offset, [Channels].</param>
    /// <param name="y">Receives the values, [Pixels].</param>
    public abstract void Forward(int image, int channel, DualMemory x, float* w, float* b, DualMemory y);

    /// <summary>The gradients of a group.</summary>
    /// <param name="image">Which image.</param>
    /// <param name="group">Which of its groups.</param>
    /// <param name="x">The input, from its first image on, like the next and the gradient of it.</param>
    /// <param name="w">The scale, [Channels].</param>
    /// <param name="b">The offset, [Channels].</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="dx">Receives the gradient of x; may be where that of y is.</param>
    /// <param name="dw">Receives each image's share of the gradient of w, [Images, Channels].</param>
    /// <param name="db">Likewise of b.</param>
    public abstract void Backward(int image, int group, DualMemory x, float* w, float* b, DualMemory dy, DualMemory dx, float* dw, float* db);

    /// <summary>The number, in the mask, of a channel's first element.</summary>
    protected uint FirstElement(int image, int channel)
        => Mask is { } m ? unchecked(m.FirstElement(image, Shape.Images, Shape.PerImage) + (uint)(channel * Shape.Pixels)) : 0;
}
