using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Trainers;

namespace Microsoft.ML.DiffEnc.Benchmarks.Cases;

/// <summary>A model of one of the paper's sizes.</summary>
/// <param name="Name">As in the paper; VDM-8 is n = 128 with 8 blocks, VDM-8-narrow the same with n = 32.</param>
/// <param name="Denoiser">n and L.</param>
/// <param name="Encoder">n and L of a trainable encoder; <see langword="null"/>: there is none.</param>
/// <param name="Layout">The encoder's form.</param>
internal sealed record BenchmarkCase(
    string Name, (int Width, int Blocks) Denoiser, (int Width, int Blocks)? Encoder = null, EncoderLayout Layout = EncoderLayout.Plain)
{
    public static IReadOnlyList<BenchmarkCase> Paper { get; } =
    [
        new("VDM-8-narrow", (32, 8)),
        new("VDM-8", (128, 8)),
        new("DiffEnc-8-2", (128, 8), (64, 2)),
        new("DiffEnc-8-4", (128, 8), (64, 4), EncoderLayout.MultiResolution),
    ];

    /// <summary>Small ones of every kind, to see that everything works.</summary>
    public static IReadOnlyList<BenchmarkCase> Short { get; } =
    [
        new("VDM", (32, 1)),
        new("DiffEnc-plain", (32, 1), (16, 2)),
        new("DiffEnc-multi", (32, 1), (16, 2), EncoderLayout.MultiResolution),
    ];

    public ModelDescription Model(ImageSize images) => new()
    {
        Width = images.Side,
        Height = images.Side,
        Channels = images.Channels,
        Encoder = Encoder is null ? EncoderKind.None : EncoderKind.Trainable,
        EncoderLayout = Layout,
        Denoiser = NetworkSize.Of(Denoiser.Width, Denoiser.Blocks, PresetValues.DenoiserGroups),
        EncoderNetwork = Encoder is { } encoder ? NetworkSize.Of(encoder.Width, encoder.Blocks, PresetValues.EncoderGroups) : null,
    };
}
