namespace Microsoft.ML.DiffEnc.Benchmarks.Workers;

/// <summary>What a worker, ours or the peer's, answers to a request; what the request did not ask for is absent.</summary>
internal sealed record WorkerReply
{
    public string? Error { get; init; }

    /// <summary>Of the library that computes.</summary>
    public string? Version { get; init; }

    /// <summary>What it runs on: Python or .NET, with the version.</summary>
    public string? Runtime { get; init; }

    public int Threads { get; init; }

    /// <summary>The library of matrix products, where the worker knows it.</summary>
    public string? Blas { get; init; }

    public long Parameters { get; init; }

    /// <summary>Operations of the denoiser's forward pass and of a training step, on one image. Ours alone counts them.</summary>
    public double ForwardOperations { get; init; }

    public double StepOperations { get; init; }
    public double Seconds { get; init; }

    /// <summary>Seconds of each part of a step, by name.</summary>
    public IReadOnlyDictionary<string, double>? Phases { get; init; }

    /// <summary>Seconds of the encoder, with its derivative, forward and backward, in a step.</summary>
    public double EncoderSeconds { get; init; }

    /// <summary>VmHWM and VmRSS in megabytes; <see langword="null"/> where the system does not tell.</summary>
    public double? Peak { get; init; }

    public double? Resident { get; init; }

    /// <summary>GFLOP/s.</summary>
    public double Convolution { get; init; }

    public double Product { get; init; }

    /// <summary>Of a comparison: the largest relative deviation of each loss and of the gradients.</summary>
    public IReadOnlyDictionary<string, double>? Losses { get; init; }

    public double Gradients { get; init; }
    public string? WorstGradient { get; init; }
    public long ExpectedParameters { get; init; }
    public string? Type { get; init; }
}
