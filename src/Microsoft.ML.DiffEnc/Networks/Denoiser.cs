using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// The denoising U-Net of variational diffusion models (VDM, appendix B): no down-sampling, Fourier features of z, attention in the
/// middle, and its input added to its output. Predicts v or ε, as the parameterisation says.
/// </summary>
internal sealed class Denoiser : nn.Module
{
    // Fourier features sin, cos(2π·2^k z) make the lowest bits of a pixel visible.
    private static readonly double[] FourierFrequencies = [2 * Math.PI * 64, 2 * Math.PI * 128];

    private readonly TimeEmbedding _timeEmbedding;
    private readonly Convolution _convIn, _convOut;
    private readonly ResNetBlock[] _down, _up;
    private readonly ResNetBlock _mid1, _mid2;
    private readonly AttentionBlock _attention;
    private readonly GroupNorm _normOut;
    private readonly OdeHead? _odeHead;

    public Denoiser(int channels, NetworkSize size, Initializer init, int classes = 0, bool odeHead = false) : base(nameof(Denoiser))
    {
        long n = size.Width;
        ResNetBlock Block(long channelsIn) => new(channelsIn, n, 4 * n, size.BlockGroups, init);

        _timeEmbedding = new TimeEmbedding(n, classes, init);
        _convIn = new Convolution(channels * (1 + 2 * FourierFrequencies.Length), n, 3, init);
        _down = [.. Enumerable.Range(0, size.Blocks).Select(_ => Block(n))];
        _mid1 = Block(n);
        _attention = new AttentionBlock(n, size.BlockGroups, init);
        _mid2 = Block(n);
        _up = [.. Enumerable.Range(0, size.Blocks + 1).Select(_ => Block(2 * n))];
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
        if (!odeHead)
            return;
        _odeHead = new OdeHead(n, channels, size.OutputGroups, init);
        register_module("ode_head", _odeHead);
    }

    /// <param name="z">The noisy latent, [B, C, H, W].</param>
    /// <param name="time">t' = (γ − γ_min)/(γ_max − γ_min), [B], in double precision.</param>
    /// <param name="conditioning">[B]; 0 when unconditional.</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    /// <returns>[B, C, H, W].</returns>
    public Tensor Forward(Tensor z, Tensor time, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        return Output(Activations(z, time, conditioning, dropout).Last().Activation, z).MoveToOuterDisposeScope();
    }

    /// <summary>Both heads, from one pass.</summary>
    /// <param name="z">The noisy latent, [B, C, H, W].</param>
    /// <param name="time">t', [B], in double precision.</param>
    /// <param name="conditioning">[B]; 0 when unconditional.</param>
    /// <param name="cut">Whether gradients stop before the second head, which is then trained without a say in the features that it reads.</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    /// <returns>Both [B, C, H, W].</returns>
    public (Tensor Output, Tensor OdeHead) ForwardBoth(Tensor z, Tensor time, Tensor conditioning, bool cut, Dropout? dropout = null)
    {
        var head = _odeHead ?? throw new InvalidOperationException("This denoiser has no second head.");
        using var scope = NewDisposeScope();
        var features = Activations(z, time, conditioning, dropout).Last().Activation;
        var ofHead = head.Forward(cut ? features.Value.detach() : features.Value);
        return (Output(features, z).MoveToOuterDisposeScope(), ofHead.to(z.dtype).MoveToOuterDisposeScope());
    }

    /// <summary>The names of <see cref="Activations"/>.</summary>
    /// <param name="blocks">L, the blocks on the way down.</param>
    public static IReadOnlyList<string> BlockNames(int blocks) =>
    [
        "conv_in", .. Enumerable.Range(0, blocks).Select(i => $"down.{i}"), "mid1", "attention", "mid2",
        .. Enumerable.Range(0, blocks + 1).Select(i => $"up.{i}"),
    ];

    /// <summary>
    /// What each block gives, [B, n, H, W], under the block's name. Blocks are computed as the sequence is read, and freed as it goes on: only the last
    /// one that was read is there to stay.
    /// </summary>
    /// <inheritdoc cref="Forward" path="/param"/>
    public IEnumerable<(string Block, Dual Activation)> Activations(Tensor z, Tensor time, Tensor conditioning, Dropout? dropout = null)
    {
        var embedding = _timeEmbedding.Forward(new Dual(time), conditioning);
        var h = _convIn.Forward(new Dual(WithFourierFeatures(z)));
        yield return ("conv_in", h);
        var skips = new Stack<Dual>();
        skips.Push(h);
        for (int i = 0; i < _down.Length; i++)
        {
            skips.Push(h = _down[i].Forward(h, embedding, dropout));
            yield return ($"down.{i}", h);
        }
        yield return ("mid1", h = _mid1.Forward(h, embedding, dropout));
        yield return ("attention", h = h.Into(_attention.Forward));
        yield return ("mid2", h = h.Into(v => _mid2.Forward(v, embedding, dropout)));
        foreach (var (i, block) in _up.Index())
        {
            h = h.Into(v => skips.Pop().Into(skip => Dual.Concatenate(v, skip))).Into(v => block.Forward(v, embedding, dropout));
            yield return ($"up.{i}", h);
        }
    }

    private Tensor Output(Dual features, Tensor z) => _convOut.OfSwish(_normOut, features).Value + z;

    /// <summary>[z, sines, cosines], each part channel by channel with the frequencies of a channel side by side: [B, 5C, H, W].</summary>
    private static Tensor WithFourierFeatures(Tensor z)
    {
        long[] shape = z.shape;
        var angles = stack(FourierFrequencies.Select(f => z * f), 2).reshape(shape[0], -1, shape[2], shape[3]); // [B, 2C, H, W]
        return cat([z, sin(angles), cos(angles)], 1);
    }
}
