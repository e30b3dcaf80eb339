using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>The ResNet blocks of one level on the way down.</summary>
internal sealed class EncoderDownLevel : nn.Module
{
    private readonly ResNetBlock[] _blocks;

    public EncoderDownLevel(long channelsIn, long channels, int blocks, long embedding, long groups, Initializer init) : base(nameof(EncoderDownLevel))
    {
        _blocks = [.. Enumerable.Range(0, blocks).Select(b => new ResNetBlock(b == 0 ? channelsIn : channels, channels, embedding, groups, init))];
        this.RegisterEach(null, _blocks);
    }

    public Dual Forward(Dual h, Dual embedding, Dropout? dropout)
    {
        foreach (var block in _blocks)
            h = block.Forward(h, embedding, dropout);
        return h;
    }
}
