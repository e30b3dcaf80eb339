namespace Microsoft.ML.DiffEnc.Training;

/// <summary>How a model is trained. What is stored with a checkpoint, and must be the same for it to be continued.</summary>
internal sealed record TrainingSettings
{
    public required int BatchSize { get; init; }
    public required double LearningRate { get; init; }

    /// <summary>The learning rate rises linearly from 0 over this many steps.</summary>
    public required int WarmUpSteps { get; init; }

    public required double WeightDecay { get; init; }
    public required double EmaDecay { get; init; }

    /// <summary>Whether the average starts short and grows: decay min(EmaDecay, (1 + step)/(10 + step)).</summary>
    public required bool EmaRamp { get; init; }

    public required double Dropout { get; init; }

    public TrainingPrecision Precision { get; init; }

    /// <summary>The share of images that are shown without their label; 0 where there are no labels.</summary>
    public double LabelDropout { get; init; }

    public required int Seed { get; init; }

    /// <summary>T of the diffusion loss; <see langword="null"/>: continuous time. What follows is for T steps only.</summary>
    public int? Depth { get; init; }

    public StepVariance Variance { get; init; }

    /// <summary>w = σ_Q²/σ_P² of every step; <see langword="null"/>: not fixed.</summary>
    public double? VarianceWeight { get; init; }
}
