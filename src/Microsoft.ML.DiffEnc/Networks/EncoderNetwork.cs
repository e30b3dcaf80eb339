using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// The encoder's U-Net y_φ(x, λ_t) (DiffEnc, appendix): ResNet blocks and 2×2 max-pooling on the way down, 2×2 transposed
/// convolutions on the way up, attention in the middle, tanh at the end. Its last convolution starts at zero, so y starts at zero.
/// </summary>
internal sealed class EncoderNetwork : nn.Module
{
    private readonly TimeEmbedding _timeEmbedding;
    private readonly Convolution _convIn, _convOut;
    private readonly EncoderDownLevel[] _down;
    private readonly EncoderUpLevel[] _up;
    private readonly ResNetBlock _mid1, _mid2;
    private readonly AttentionBlock _attention;
    private readonly GroupNorm _normOut;

    public EncoderNetwork(int channels, int height, EncoderLayout layout, NetworkSize size, Initializer init, int classes = 0)
        : base(nameof(EncoderNetwork))
    {
        long n = size.Width, embedding = 4 * n;
        var (levels, blocks) = EncoderLevels.Of(layout, size.Blocks, height);
        long Width(int level) => n << level;

        _timeEmbedding = new TimeEmbedding(n, classes, init);
        _convIn = new Convolution(channels, n, 3, init);
        _down = new EncoderDownLevel[levels];
        for (int level = 0; level < levels; level++)
            _down[level] = new EncoderDownLevel(level == 0 ? n : Width(level - 1), Width(level), blocks, embedding, size.BlockGroups, init);
        long deepest = Width(levels - 1);
        int midGroups = layout == EncoderLayout.Plain ? size.OutputGroups : size.BlockGroups;
        _mid1 = new ResNetBlock(deepest, deepest, embedding, midGroups, init);
        _attention = new AttentionBlock(deepest, size.BlockGroups, init);
        _mid2 = new ResNetBlock(deepest, deepest, embedding, midGroups, init);
        _up = new EncoderUpLevel[levels];
        for (int k = 0; k < levels; k++)
        {
            int level = levels - 1 - k;
            _up[k] = new EncoderUpLevel(k == 0 ? deepest : Width(level + 1), Width(level), blocks, embedding, size.BlockGroups, init);
        }
        _normOut = new GroupNorm(n, size.OutputGroups);
        _convOut = new Convolution(n, channels, 3, init, startAtZero: true);

        register_module("time_embedding", _timeEmbedding);
        register_module("conv_in", _convIn);
        this.RegisterEach("down", _down);
        register_module("mid1", _mid1);
        register_module("attention", _attention);
        register_module("mid2", _mid2);
        this.RegisterEach("up", _up);
        register_module("norm_out", _normOut);
        register_module("conv_out", _convOut);
    }

    /// <param name="x">The scaled image, [B, C, H, W]; it does not depend on time.</param>
    /// <param name="time">t', [B], in double precision; with a tangent, the result has one too.</param>
    /// <param name="conditioning">[B]; 0 when unconditional.</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    /// <returns>y in (−1, 1), [B, C, H, W], and its derivative along the tangent of <paramref name="time"/>.</returns>
    public Dual Forward(Tensor x, Dual time, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        var last = Activations(x, time, conditioning, dropout).Last().Activation;
        var h = _convOut.OfSwish(_normOut, last).To(x.dtype);
        var y = tanh(h.Value);
        return new Dual(y, h.Tangent is null ? null : (1 - y.square()) * h.Tangent).MoveToOuterDisposeScope();
    }

    /// <summary>The names of <see cref="Activations"/>.</summary>
    public IReadOnlyList<string> BlockNames =>
        ["conv_in", .. _down.Select((_, i) => $"down.{i}"), "mid1", "attention", "mid2", .. _up.Select((_, i) => $"up.{i}")];

    /// <summary>
    /// What each level and block gives, [B, width of the level, height, width], under its name. They are computed as the sequence is read, and freed as
    /// it goes on: only the last one that was read is there to stay.
    /// </summary>
    /// <inheritdoc cref="Forward" path="/param"/>
    public IEnumerable<(string Block, Dual Activation)> Activations(Tensor x, Dual time, Tensor conditioning, Dropout? dropout = null)
    {
        var embedding = _timeEmbedding.Forward(time, conditioning);
        var h = _convIn.Forward(new Dual(x));
        yield return ("conv_in", h);
        var skips = new Stack<Dual>();
        for (int i = 0; i < _down.Length; i++)
        {
            skips.Push(h = _down[i].Forward(h, embedding, dropout));
            yield return ($"down.{i}", h);
            h = h.MaxPool();
        }
        yield return ("mid1", h = h.Into(v => _mid1.Forward(v, embedding, dropout)));
        yield return ("attention", h = h.Into(_attention.Forward));
        yield return ("mid2", h = h.Into(v => _mid2.Forward(v, embedding, dropout)));
        foreach (var (i, level) in _up.Index())
        {
            h = h.Into(v => skips.Pop().Into(skip => level.Forward(v, skip, embedding, dropout)));
            yield return ($"up.{i}", h);
        }
    }
}
