namespace Microsoft.ML.DiffEnc.Studies.Depth;

/// <summary>What the command line asks for.</summary>
internal sealed record DepthSettings
{
    public required string Model { get; init; }
    public required string Path { get; init; }
    public required uint[] Classes { get; init; }
    public required int[] Depths { get; init; }
    public required int CalibrationImages { get; init; }
    public required int TestImages { get; init; }
    public required int Draws { get; init; }
    public required int Candidates { get; init; }
    public required int Seed { get; init; }
    public required int? Threads { get; init; }
    public required int? Gpu { get; init; }
    public required bool Gradient { get; init; }
}
