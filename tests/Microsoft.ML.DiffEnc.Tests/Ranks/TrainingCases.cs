using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

/// <summary>Trainings that must come to the same on one rank and on several.</summary>
internal static class TrainingCases
{
    public const int Steps = 6;
    private const int Images = 40;

    /// <summary>By name: a batch that 4 ranks cannot share evenly, parts of parts, and losses that are not the plain ones.</summary>
    public static readonly Dictionary<string, Action<DiffEncTrainer.Options>> All = new()
    {
        ["uneven"] = o => o.BatchSize = 10,
        ["in parts"] = o => (o.BatchSize, o.MicroBatchSize) = (14, 3),
        ["learned schedule"] = o => (o.Encoder, o.NoiseSchedule) = (EncoderKind.None, NoiseScheduleKind.Monotone),
        ["finite depth"] = o => (o.Depth, o.Encoder) = (5, EncoderKind.NonTrainable),
    };

    public static DiffEncTrainer.Options Options(string name, RankGroup? group = null)
    {
        var options = TrainingRuns.Options(Steps);
        options.Ranks = group;
        All[name](options);
        return options;
    }

    public static IDataView Data(MLContext ml, int seed = 1) => TrainingRuns.Discs(ml, Images, seed);

    /// <summary>Trains one case.</summary>
    /// <param name="name">The case.</param>
    /// <param name="group">Its ranks.</param>
    /// <param name="prepare">What else is done to the trainer.</param>
    public static Result Run(string name, RankGroup? group = null, Action<DiffEncTrainer>? prepare = null)
    {
        var ml = new MLContext(seed: 3);
        var losses = new List<double>();
        var options = Options(name, group);
        (options.ValidationSet, options.ValidateEverySteps) = (TrainingRuns.Discs(ml, 5, seed: 2), 1);
        options.Progress = new TrainingRuns.Callback(p => losses.AddRange([p.LatentLoss, p.DiffusionLoss, p.ReconstructionLoss, p.ValidationBitsPerDimension!.Value]));
        var trainer = ml.Generative().DiffEnc(options);
        prepare?.Invoke(trainer);
        using var model = trainer.Fit(Data(ml));
        float[] weights = [.. TrainingRuns.Weights(model).OrderBy(w => w.Key, StringComparer.Ordinal).SelectMany(w => w.Value)];
        return new Result([.. losses], weights);
    }

    /// <summary>What a training came to: four losses a step, and the averaged weights.</summary>
    public sealed record Result(double[] Losses, float[] Weights)
    {
        // Sums of single-precision numbers in another order differ in the last bits, and Adam divides by a gradient's own size: where that is next to
        // nothing, a step may be a little longer or shorter. Weights move by up to 0.006 a step.
        private const double LossTolerance = 1e-4, WeightTolerance = 2e-4;

        public void AssertIs(Result expected)
        {
            Assert.Equal(4 * Steps, Losses.Length);
            Assert.Equal(expected.Losses.Length, Losses.Length);
            Assert.Equal(expected.Weights.Length, Weights.Length);
            double losses = Losses.Zip(expected.Losses, (a, b) => Math.Abs(a - b) / (1 + Math.Abs(b))).Max();
            double weights = Weights.Zip(expected.Weights, (a, b) => (double)Math.Abs(a - b)).Max();
            Assert.True(losses < LossTolerance && weights < WeightTolerance, $"losses are apart by {losses:G3}, weights by {weights:G3}");
        }

        public void Write(string path)
        {
            using var file = new BinaryWriter(File.Create(path));
            file.Write(Losses.Length);
            Array.ForEach(Losses, file.Write);
            file.Write(Weights.Length);
            Array.ForEach(Weights, file.Write);
        }

        public static Result Read(string path)
        {
            using var file = new BinaryReader(File.OpenRead(path));
            double[] losses = [.. Enumerable.Range(0, file.ReadInt32()).Select(_ => file.ReadDouble())];
            return new Result(losses, [.. Enumerable.Range(0, file.ReadInt32()).Select(_ => file.ReadSingle())]);
        }
    }
}
