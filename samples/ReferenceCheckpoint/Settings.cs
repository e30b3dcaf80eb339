namespace ReferenceCheckpoint;

/// <summary>What a run does, checked as far as the command line goes.</summary>
internal sealed record Settings
{
    public required CheckpointFiles Files { get; init; }

    /// <summary>A file of pixels, or a folder of pictures.</summary>
    public required string Data { get; init; }

    /// <summary>Width and height that pictures of a folder are brought to.</summary>
    public int Size { get; init; }

    public int Images { get; init; }
    public int Draws { get; init; }
    public int TimesPerDraw { get; init; }

    /// <summary>Images to generate; 0: none.</summary>
    public int Samples { get; init; }

    public int Steps { get; init; }
    public int Seed { get; init; }
    public int? Gpu { get; init; }
    public required string Output { get; init; }
}
