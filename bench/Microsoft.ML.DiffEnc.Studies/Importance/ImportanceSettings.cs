namespace Microsoft.ML.DiffEnc.Studies.Importance;

/// <summary>What the command line asks for.</summary>
internal sealed record ImportanceSettings
{
    public required string Model { get; init; }
    public required string Path { get; init; }
    public required uint[] Classes { get; init; }
    public required int CalibrationImages { get; init; }
    public required int TestImages { get; init; }
    public required int Draws { get; init; }
    public required int TimesPerDraw { get; init; }
    public required int Bins { get; init; }
    public required double Floor { get; init; }
    public required int Seed { get; init; }
    public required int? Threads { get; init; }
    public required int? Gpu { get; init; }
}
