namespace Microsoft.ML.DiffEnc.Training;

/// <summary>The log of a rank that does not lead: its warnings, under its name, and nothing else.</summary>
internal sealed class RankLog(ITrainingLog log, int rank) : ITrainingLog
{
    public void Info(string message)
    {
    }

    public void Warning(string message)
    {
        lock (log)
            log.Warning($"Rank {rank}: {message}");
    }

    public void Report(TrainingProgress progress)
    {
    }
}
