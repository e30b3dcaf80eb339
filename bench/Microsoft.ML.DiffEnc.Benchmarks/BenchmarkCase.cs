using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Trainers;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>A model of one of the paper's sizes, on images of one size, in batches of one size.</summary>
internal sealed record BenchmarkCase(
    string Name,
    EncoderKind Encoder,
    EncoderLayout Layout,
    (int Width, int Blocks) Denoiser,
    (int Width, int Blocks) EncoderNetwork,
    int Side,
    int Channels,
    int BatchSize)
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        Vdm(32, 32, 3, 8),
        Vdm(128, 32, 3, 8),
        Vdm(128, 28, 1, 8),
        new("DiffEnc-8-2", EncoderKind.Trainable, EncoderLayout.Plain, (128, 8), (64, 2), 32, 3, 8),
        new("DiffEnc-8-4", EncoderKind.Trainable, EncoderLayout.MultiResolution, (128, 8), (64, 4), 32, 3, 8),
    ];

    public static IReadOnlyList<BenchmarkCase> Short { get; } =
    [
        new("VDM", EncoderKind.None, EncoderLayout.Plain, (32, 1), default, 16, 1, 4),
        new("DiffEnc", EncoderKind.Trainable, EncoderLayout.Plain, (32, 1), (16, 1), 16, 1, 4),
    ];

    public ModelDescription Model => new()
    {
        Width = Side,
        Height = Side,
        Channels = Channels,
        Encoder = Encoder,
        EncoderLayout = Layout,
        Denoiser = NetworkSize.Of(Denoiser.Width, Denoiser.Blocks, PresetValues.DenoiserGroups),
        EncoderNetwork = Encoder == EncoderKind.Trainable
            ? NetworkSize.Of(EncoderNetwork.Width, EncoderNetwork.Blocks, PresetValues.EncoderGroups)
            : null,
    };

    /// <summary>Floating-point operations of the denoiser's forward pass on one batch, multiplications and additions counted separately.</summary>
    public double DenoiserForwardOperations
    {
        get
        {
            double n = Denoiser.Width, blocks = Denoiser.Blocks, pixels = (double)BatchSize * Side * Side;
            double Conv(double from, double to, int size) => 2 * from * to * size * size * pixels;
            double Projection() => 2 * 4 * n * n * BatchSize;
            double straight = (blocks + 2) * (2 * Conv(n, n, 3) + Projection());
            double joined = (blocks + 1) * (Conv(2 * n, n, 3) + Conv(n, n, 3) + Conv(2 * n, n, 1) + Projection());
            double attention = 4 * Conv(n, n, 1) + 4 * pixels * Side * Side * n;
            double embedding = 2 * BatchSize * ((n + 1) * 4 * n + 16 * n * n);
            return Conv(5 * Channels, n, 3) + straight + attention + joined + Conv(n, Channels, 3) + embedding;
        }
    }

    private static BenchmarkCase Vdm(int width, int side, int channels, int batch)
        => new($"VDM n={width}", EncoderKind.None, EncoderLayout.Plain, (width, 8), default, side, channels, batch);
}
