using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>The shapes that a trainable encoder can take, each in a model small enough for double precision.</summary>
internal static class EncoderShapes
{
    private static readonly Dictionary<string, Shape> _all = new()
    {
        ["plain, 16×16"] = new(Models.Describe(EncoderKind.Trainable, size: 16, channels: 3), Levels: 2, BlocksPerLevel: 1),
        ["plain, 28×28"] = new(Describe(28, 28, EncoderLayout.Plain, blocks: 2), Levels: 2, BlocksPerLevel: 1),
        ["plain, 24×16"] = new(Describe(24, 16, EncoderLayout.Plain, blocks: 2), Levels: 2, BlocksPerLevel: 1),
        ["multi-resolution, 32×32"] = new(Describe(32, 32, EncoderLayout.MultiResolution, blocks: 4), Levels: 2, BlocksPerLevel: 2),
        ["multi-resolution, 28×28"] = new(Describe(28, 28, EncoderLayout.MultiResolution, blocks: 4), Levels: 2, BlocksPerLevel: 2),
        ["multi-resolution, 24×16"] = new(Describe(24, 16, EncoderLayout.MultiResolution, blocks: 4), Levels: 1, BlocksPerLevel: 4),
        ["multi-resolution, 20×32"] = new(Describe(20, 32, EncoderLayout.MultiResolution, blocks: 4), Levels: 2, BlocksPerLevel: 2),
    };

    public static TheoryData<string> Names => [.. _all.Keys];

    public static Shape Named(string name) => _all[name];

    private static ModelDescription Describe(int width, int height, EncoderLayout layout, int blocks) => new()
    {
        Width = width,
        Height = height,
        Channels = 1,
        Encoder = EncoderKind.Trainable,
        EncoderLayout = layout,
        Denoiser = NetworkSize.Of(8, 1, 32),
        EncoderNetwork = NetworkSize.Of(8, blocks, 16),
    };

    /// <param name="Description">The model. Names say width × height.</param>
    /// <param name="Levels">How often the encoder halves the picture.</param>
    /// <param name="BlocksPerLevel">ResNet blocks on each level, on the way down as on the way up.</param>
    internal sealed record Shape(ModelDescription Description, int Levels, int BlocksPerLevel);
}
