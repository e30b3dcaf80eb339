namespace Microsoft.ML.DiffEnc.Training;

/// <summary>The names of the tensors that a training consists of, as they stand in checkpoints. Never to be changed.</summary>
internal static class TrainingState
{
    public static string Weight(string name) => $"weights.{name}";

    public static string Average(string name) => $"average.{name}";

    /// <summary>AdamW's first moment.</summary>
    public static string Mean(string name) => $"adam.mean.{name}";

    /// <summary>AdamW's second moment.</summary>
    public static string Square(string name) => $"adam.square.{name}";

    /// <summary>The updates that AdamW has made, one number for each weight.</summary>
    public static string Updates(string name) => $"adam.step.{name}";
}
