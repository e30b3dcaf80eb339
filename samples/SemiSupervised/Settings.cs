using Microsoft.ML.DiffEnc;

namespace SemiSupervised;

/// <summary>Where the pictures come from.</summary>
internal enum DataSource
{
    /// <summary>Digits that the sample draws itself.</summary>
    Drawn,

    /// <summary>IDX files with MNIST's names.</summary>
    Mnist
}

/// <summary>What the command line asked for.</summary>
internal sealed record Settings
{
    public DataSource Data { get; init; }

    /// <summary>The folder of the data; null only for <see cref="DataSource.Drawn"/>.</summary>
    public string? Path { get; init; }

    /// <summary>A model that was trained before; null: one is trained.</summary>
    public string? Model { get; init; }

    public DiffEncPreset Preset { get; init; }

    /// <summary>Training steps; null: the preset's.</summary>
    public int? Steps { get; init; }

    /// <summary>Pictures that the model is trained on, and that the labels are of.</summary>
    public int TrainingImages { get; init; }

    public int TestImages { get; init; }

    /// <summary>How many labels the classifiers get, besides all of them.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>How often so many labelled pictures are drawn.</summary>
    public int Draws { get; init; }

    public int Seed { get; init; }
    public int? Gpu { get; init; }
    public required string Output { get; init; }
}
