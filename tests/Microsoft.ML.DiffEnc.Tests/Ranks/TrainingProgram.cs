using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.DiffEnc.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

/// <summary>The trainings that mpirun starts for a test.</summary>
internal static class TrainingProgram
{
    /// <summary>Steps that rank 1 lives for in <see cref="Interrupted"/>.</summary>
    public const int Steps = 3;

    /// <summary>All cases; rank 0 writes what they came to.</summary>
    public static void Compare(RankGroup group, string folder)
    {
        foreach (string name in TrainingCases.All.Keys)
        {
            var result = TrainingCases.Run(name, group);
            if (group.Rank == 0)
                result.Write(Path.Combine(folder, name));
            else
                Assert.Empty(result.Losses);
        }
    }

    /// <summary>Every rank scores its share with rank 0's model, and rank 0 all.</summary>
    public static void Score(RankGroup group)
    {
        var ml = new MLContext(seed: 3);
        using var model = ml.Generative().DiffEnc(TrainingCases.Options("uneven", group)).Fit(TrainingCases.Data(ml));
        var data = TrainingRuns.Discs(ml, 7, seed: 5);
        string[] columns = [nameof(Likelihood.BitsPerDimension), nameof(Likelihood.LatentLoss), nameof(Likelihood.StandardError)];
        var mine = model.Transform(group.Shard(data));
        var gathered = group.Gather(ml.Transforms.SelectColumns(columns).Fit(mine).Transform(mine));
        var whole = model.Transform(data);
        foreach (string column in columns)
            Assert.Equal(whole.GetColumn<float>(column), gathered.GetColumn<float>(column));
    }

    /// <summary>Rank 1 does something in the middle of a step.</summary>
    public static void Interrupted(RankGroup group, string folder, Action inTheMiddle)
    {
        var ml = new MLContext(seed: 3);
        var options = TrainingCases.Options("uneven", group);
        (options.Steps, options.CheckpointFolder) = (10_000, folder);
        var trainer = ml.Generative().DiffEnc(options);
        if (group.Rank == 1)
            trainer.Observer = new Interruption(inTheMiddle);
        using var model = trainer.Fit(TrainingCases.Data(ml));
    }

    /// <summary>Rank 1 has other data.</summary>
    public static void Different(RankGroup group)
    {
        var ml = new MLContext(seed: 3);
        using var model = ml.Generative().DiffEnc(TrainingCases.Options("uneven", group)).Fit(TrainingCases.Data(ml, seed: 1 + group.Rank));
    }

    public static void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]);
        kill.WaitForExit();
    }

    private sealed class Interruption(Action action) : IStepObserver
    {
        private int _steps;

        public void Reached(StepPhase phase, BatchSlice slice)
        {
            if (phase == StepPhase.Forward && ++_steps == Steps + 1)
                action();
        }
    }
}
