using Microsoft.ML.DiffEnc.Ranks;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Runs a plan's training: here, or on a thread for each of several devices.</summary>
internal static class TrainingRun
{
    /// <summary>How long a device waits for another.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <inheritdoc cref="TrainingLoop.Run"/>
    /// <param name="plan">What is trained.</param>
    /// <param name="devices">Where; at least one. With several, <paramref name="plan"/> is a single rank's.</param>
    /// <param name="log">Told how it goes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static DiffEncModel Run(TrainingPlan plan, IReadOnlyList<torch.Device> devices, ITrainingLog log, CancellationToken cancellationToken)
    {
        if (devices.Count == 1)
            return Run(plan with { Device = devices[0] }, log, cancellationToken);
        DiffEncModel[] models = ThreadRanks.Run(
            devices.Count, Patience, ranks => Run(plan with { Device = devices[ranks.Rank], Ranks = ranks }, log, cancellationToken));
        foreach (var copy in models.Skip(1))
            copy.Dispose();
        return models[0];
    }

    private static DiffEncModel Run(TrainingPlan plan, ITrainingLog log, CancellationToken cancellationToken)
    {
        using var loop = Prepare(plan, plan.Ranks.Rank == 0 ? log : new RankLog(log, plan.Ranks.Rank));
        return loop.Run(cancellationToken);
    }

    /// <summary>A loop that is ready to run. Where memory does not suffice for it, say, the other ranks do not wait for this one.</summary>
    private static TrainingLoop Prepare(TrainingPlan plan, ITrainingLog log)
    {
        try
        {
            return new TrainingLoop(plan, log);
        }
        catch (Exception e)
        {
            plan.Ranks.Abandon(e, save: null);
            throw;
        }
    }
}
