namespace Generation;

/// <summary>What the command line asks for.</summary>
internal sealed class Settings
{
    /// <summary>A trained model; null: one is trained on digits that the sample draws.</summary>
    public string? Model { get; init; }

    public int TrainingSteps { get; init; }
    public int Steps { get; init; }
    public int Resamplings { get; init; }
    public int Images { get; init; }
    public int Seed { get; init; }
    public required string Output { get; init; }
}
