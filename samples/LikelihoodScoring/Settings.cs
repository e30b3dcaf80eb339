using Microsoft.ML.DiffEnc;

namespace LikelihoodScoring;

/// <summary>Where the pictures come from.</summary>
internal enum DataSource
{
    /// <summary>Digits that the sample draws itself.</summary>
    Drawn,

    /// <summary>IDX files with MNIST's names.</summary>
    Mnist,

    /// <summary>CIFAR-10's binary files.</summary>
    Cifar10,

    /// <summary>A folder of pictures.</summary>
    Images
}

/// <summary>What the command line asked for.</summary>
internal sealed record Settings
{
    public DataSource Data { get; init; }

    /// <summary>The folder of the data; null only for <see cref="DataSource.Drawn"/>.</summary>
    public string? Path { get; init; }

    /// <summary>A folder of odd pictures, for <see cref="DataSource.Images"/>; null: the sub-folder "odd", if there is one.</summary>
    public string? OddPath { get; init; }

    /// <summary>The classes that are normal; null: all but <see cref="LeftOutClasses"/>.</summary>
    public IReadOnlyList<uint>? NormalClasses { get; init; }

    /// <summary>Where <see cref="NormalClasses"/> is null, the classes that are not; null: the last.</summary>
    public IReadOnlyList<uint>? LeftOutClasses { get; init; }

    /// <summary>The encoders to train, one after the other; the last one is reported in full.</summary>
    public required IReadOnlyList<EncoderKind> Encoders { get; init; }

    public DiffEncPreset Preset { get; init; }

    /// <summary>Training steps; null: the preset's.</summary>
    public int? Steps { get; init; }

    public int Seed { get; init; }
    public int Draws { get; init; }

    /// <summary>How many held-out normal pictures are scored, and at most how many odd ones (one of each kind at least).</summary>
    public int TestImages { get; init; }

    /// <summary>How many further normal pictures are held out, for a detector to learn from what is normal.</summary>
    public int CalibrationImages { get; init; }

    public int? Gpu { get; init; }
    public required string Output { get; init; }
    public string? Json { get; init; }
}
