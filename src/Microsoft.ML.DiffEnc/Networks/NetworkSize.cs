namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>What decides the shape of a U-Net.</summary>
/// <param name="Width">n, the channels of its first level and the size of the sinusoidal time embedding; even, at least 4.</param>
/// <param name="Blocks">L, the number of ResNet blocks on the way down.</param>
/// <param name="OutputGroups">Groups of the norm before the last convolution, and of a plain encoder's middle blocks.</param>
/// <param name="BlockGroups">Groups of all other norms.</param>
internal sealed record NetworkSize(int Width, int Blocks, int OutputGroups, int BlockGroups)
{
    /// <summary>
    /// The size with group counts that suit the width: the paper's, or fewer for a narrow network. With as many groups as channels
    /// the norm after the time projection would subtract that projection again, and the network could not see the time.
    /// </summary>
    public static NetworkSize Of(int width, int blocks, int outputGroups)
    {
        int blockGroups = GroupsFor(width);
        return new(width, blocks, Math.Min(outputGroups, blockGroups), blockGroups);
    }

    private static int GroupsFor(int width)
    {
        for (int groups = 32; groups > 1; groups /= 2)
            if (width % groups == 0 && width / groups >= 2)
                return groups;
        return 1;
    }
}
