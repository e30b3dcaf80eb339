using Microsoft.ML.DiffEnc.Networks;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>What a preset stands for (DiffEnc, appendix on experimental details and the authors' published configurations).</summary>
internal sealed record PresetValues
{
    /// <summary>What is taken when no preset is named.</summary>
    public const DiffEncPreset Default = DiffEncPreset.Small;

    /// <summary>What is taken when a training of the authors' code goes on: all their models were trained with the same settings, but for
    /// batches.</summary>
    public const DiffEncPreset OfReference = DiffEncPreset.DiffEnc8_2;

    public const int DenoiserGroups = 32, EncoderGroups = 16;

    public required EncoderKind Encoder { get; init; }
    public EncoderLayout EncoderLayout { get; init; }
    public required (int Width, int Blocks) Denoiser { get; init; }

    /// <summary>Also where the preset has no encoder: used when the user asks for one.</summary>
    public (int Width, int Blocks) EncoderNetwork { get; init; } = (64, 2);

    public int Steps { get; init; } = 1_000_000;
    public int BatchSize { get; init; } = 128;
    public double LearningRate { get; init; } = 2e-4;
    public int WarmUpSteps { get; init; } = 100;
    public double WeightDecay { get; init; } = 0.01;
    public double EmaDecay { get; init; } = 0.9999;
    public bool EmaRamp { get; init; }
    public double Dropout { get; init; } = 0.1;

    public static PresetValues Of(DiffEncPreset preset) => preset switch
    {
        DiffEncPreset.Tiny => new()
        {
            Encoder = EncoderKind.Trainable,
            Denoiser = (32, 1),
            EncoderNetwork = (8, 1),
            Steps = 800,
            BatchSize = 16,
            LearningRate = 6e-3,
            WarmUpSteps = 50,
            EmaDecay = 0.995,
            EmaRamp = true,
            Dropout = 0,
        },
        DiffEncPreset.Small => new()
        {
            Encoder = EncoderKind.Trainable,
            Denoiser = (64, 4),
            EncoderNetwork = (32, 2),
            Steps = 10_000,
            BatchSize = 64,
            LearningRate = 5e-4,
            EmaDecay = 0.999,
            EmaRamp = true,
        },
        DiffEncPreset.Vdm8 => new() { Encoder = EncoderKind.None, Denoiser = (128, 8) },
        DiffEncPreset.DiffEnc8NonTrainable => new() { Encoder = EncoderKind.NonTrainable, Denoiser = (128, 8) },
        DiffEncPreset.DiffEnc8_2 => new() { Encoder = EncoderKind.Trainable, Denoiser = (128, 8) },
        DiffEncPreset.Vdm32 => new() { Encoder = EncoderKind.None, Denoiser = (128, 32) },
        DiffEncPreset.DiffEnc32_2 => new() { Encoder = EncoderKind.Trainable, Denoiser = (128, 32) },
        DiffEncPreset.DiffEnc32_4 => new()
        {
            Encoder = EncoderKind.Trainable,
            EncoderLayout = EncoderLayout.MultiResolution,
            Denoiser = (128, 32),
            EncoderNetwork = (64, 4),
        },
        DiffEncPreset.Vdm32ImageNet => new() { Encoder = EncoderKind.None, Denoiser = (256, 32), BatchSize = 256 },
        DiffEncPreset.DiffEnc32_8ImageNet => new()
        {
            Encoder = EncoderKind.Trainable,
            EncoderLayout = EncoderLayout.MultiResolution,
            Denoiser = (256, 32),
            EncoderNetwork = (64, 8),
            BatchSize = 256,
        },
        _ => throw Refusals.Refusal("Preset", $"is {preset}; expected one of {string.Join(", ", Enum.GetNames<DiffEncPreset>())}"),
    };

    /// <summary>The denoiser's size with the given width and blocks, or the preset's.</summary>
    public NetworkSize DenoiserSize(int? width, int? blocks) => NetworkSize.Of(width ?? Denoiser.Width, blocks ?? Denoiser.Blocks, DenoiserGroups);

    /// <summary>The encoder's size with the given width and blocks, or the preset's.</summary>
    public NetworkSize EncoderSize(int? width, int? blocks) => NetworkSize.Of(width ?? EncoderNetwork.Width, blocks ?? EncoderNetwork.Blocks, EncoderGroups);
}
