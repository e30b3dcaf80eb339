namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Where the training loop says what happens; ML.NET's channel stands behind it.</summary>
internal interface ITrainingLog
{
    void Info(string message);

    void Warning(string message);

    void Report(TrainingProgress progress);
}
