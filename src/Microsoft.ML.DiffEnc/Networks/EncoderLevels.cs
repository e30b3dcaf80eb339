using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>How many levels an encoder has and how many ResNet blocks stand on each.</summary>
internal static class EncoderLevels
{
    /// <summary>Plain: one block on each of L levels. Multi-resolution: halving stops when the next height is odd or at most 8, and the
    /// L blocks are shared among the levels that remain (32 pixels, L = 4: two levels of two).</summary>
    public static (int Levels, int BlocksPerLevel) Of(EncoderLayout layout, int blocks, int height)
    {
        if (layout == EncoderLayout.Plain)
            return (blocks, 1);
        int levels = blocks;
        for (int i = 0; i < blocks; i++)
        {
            int next = height >> (i + 1);
            if (next % 2 == 1 || next <= 8)
            {
                levels = i + 1;
                break;
            }
        }
        return (levels, levels == blocks ? 1 : blocks / levels);
    }
}

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
        h = Dual.Concatenate(_upsample.Forward(h), skip);
        foreach (var block in _blocks)
            h = block.Forward(h, embedding, dropout);
        return h;
    }
}
