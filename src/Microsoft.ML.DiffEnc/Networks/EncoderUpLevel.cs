using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>One level on the way up: doubles the size, takes the stored activation beside it, then its ResNet blocks.</summary>
internal sealed class EncoderUpLevel : nn.Module
{
    private readonly UpConvolution _upsample;
    private readonly ResNetBlock[] _blocks;

    public EncoderUpLevel(long channelsIn, long channels, int blocks, long embedding, long groups, Initializer init) : base(nameof(EncoderUpLevel))
    {
        _upsample = new UpConvolution(channelsIn, channels, init);
        _blocks = [.. Enumerable.Range(0, blocks).Select(b => new ResNetBlock(b == 0 ? 2 * channels : channels, channels, embedding, groups, init))];
        register_module("upsample", _upsample);
        this.RegisterEach("blocks", _blocks);
    }

    public Dual Forward(Dual h, Dual skip, Dual embedding, Dropout? dropout)
    {
        h = _upsample.Forward(h).Into(v => Dual.Concatenate(v, skip));
        foreach (var block in _blocks)
            h = h.Into(v => block.Forward(v, embedding, dropout));
        return h;
    }
}
