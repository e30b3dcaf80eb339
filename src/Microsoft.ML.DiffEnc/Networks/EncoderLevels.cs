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
