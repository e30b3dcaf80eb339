using Microsoft.ML.DiffEnc.Benchmarks.Cases;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>What the user asked for.</summary>
internal sealed record BenchmarkSettings
{
    public required IReadOnlyList<BenchmarkCase> Cases { get; init; }
    public required IReadOnlyList<ImageSize> Images { get; init; }
    public required IReadOnlyList<int> Batches { get; init; }
    public required int Rounds { get; init; }

    /// <summary>K, evaluations of each image that is scored.</summary>
    public required int Draws { get; init; }

    public required int Threads { get; init; }
    public int? Gpu { get; init; }

    /// <summary>How our side computes: each a side of its own.</summary>
    public required IReadOnlyList<Variant> Variants { get; init; }

    /// <summary>The Python of the peer; <see langword="null"/>: none is measured.</summary>
    public string? Peer { get; init; }

    public required IReadOnlyList<Variant> PeerVariants { get; init; }

    /// <summary>Whether the peer's model is compared with ours and nothing measured.</summary>
    public bool CheckOnly { get; init; }

    /// <summary>Where what a peer's model is compared with is written, and nothing measured.</summary>
    public string? CheckFile { get; init; }

    /// <summary>The least number of runs that are not counted, of steps, forward passes and scoring each.</summary>
    public required int WarmUps { get; init; }

    /// <summary>The least time that they take.</summary>
    public required TimeSpan WarmUpTime { get; init; }
}
