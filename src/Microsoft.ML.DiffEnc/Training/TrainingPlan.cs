using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Everything one run of the training loop is given.</summary>
internal sealed record TrainingPlan
{
    public required ModelDescription Model { get; init; }
    public required TrainingSettings Settings { get; init; }
    public required PixelTable Images { get; init; }
    public required int Steps { get; init; }

    /// <summary>What the training starts from, left to its owner to dispose of; <see langword="null"/>: fresh weights.</summary>
    public TrainingStart? Start { get; init; }

    /// <summary>Images that are not trained on, and how often they are looked at.</summary>
    public PixelTable? ValidationImages { get; init; }

    public required int ValidateEverySteps { get; init; }

    /// <summary>Where the training is saved, and how often; <see langword="null"/>: nowhere.</summary>
    public string? CheckpointFolder { get; init; }

    public required int CheckpointEverySteps { get; init; }
    /// <summary>The most images whose activations are held at a time; <see langword="null"/>: the whole batch's.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>For benchmarks.</summary>
    public IStepObserver? Observer { get; init; }

    public required TorchSharp.torch.Device Device { get; init; }
}
