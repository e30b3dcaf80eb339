using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace DataParallel;

/// <summary>What each process does. All make the same calls, in the same order; rank 0 speaks for all.</summary>
internal sealed class Run(RankGroup group, bool onGpus)
{
    private const int TrainingImages = 500, ScoredImages = 16;
    private readonly MLContext _ml = new(seed: 1) { GpuDeviceId = onGpus ? group.LocalRank : null };

    public void Go(int steps, int batch, string? checkpoints)
    {
        Say($"Ranks: {group.Size}. {steps} steps of {batch} images.");
        var trainer = _ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            Width = Discs.Side,
            Height = Discs.Side,
            Channels = 1,
            Preset = DiffEncPreset.Tiny,
            Steps = steps,
            BatchSize = batch,
            CheckpointFolder = checkpoints,
            Ranks = group,
        });
        var clock = Stopwatch.StartNew();
        using var model = trainer.Fit(_ml.Data.LoadFromEnumerable(Discs.Draw(TrainingImages, seed: 1)));
        Say($"Trained in {clock.Elapsed.TotalSeconds:F1} s.");

        clock.Restart();
        var mine = model.Transform(group.Shard(_ml.Data.LoadFromEnumerable(Discs.Draw(ScoredImages, seed: 2))));
        var needed = _ml.Transforms.SelectColumns(nameof(Likelihood.BitsPerDimension)).Fit(mine).Transform(mine);
        float[] all = [.. group.Gather(needed).GetColumn<float>(nameof(Likelihood.BitsPerDimension))];
        Say($"Scored {all.Length} images in {clock.Elapsed.TotalSeconds:F1} s: {all.Average():F4} bits/dim; the first three {all[0]:F4}, {all[1]:F4}, {all[2]:F4}.");
    }

    private void Say(FormattableString text)
    {
        if (group.Rank == 0)
            Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }
}
