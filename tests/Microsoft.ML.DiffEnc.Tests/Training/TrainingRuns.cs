using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Training;

namespace Microsoft.ML.DiffEnc.Tests.Training;

/// <summary>Trainings of seconds, on pictures with something to learn: bright discs on a dark ground.</summary>
internal static class TrainingRuns
{
    public const int Side = 8;

    public static DiffEncTrainer.Options Options(int steps) => new()
    {
        Width = Side,
        Height = Side,
        Channels = 1,
        Preset = DiffEncPreset.Tiny,
        DenoiserWidth = 16,
        DenoiserBlocks = 1,
        EncoderWidth = 8,
        EncoderBlocks = 1,
        Steps = steps,
        BatchSize = 16,
        ScoringDraws = 2,
        Dropout = 0.1,
    };

    /// <summary>Settings of a training that is compared with others, not run.</summary>
    internal static TrainingSettings Settings { get; } = new()
    {
        BatchSize = 4,
        LearningRate = 1e-3,
        WarmUpSteps = 1,
        WeightDecay = 0.01,
        EmaDecay = 0.9,
        EmaRamp = false,
        Dropout = 0,
        Seed = 1,
    };

    public static IDataView Discs(MLContext ml, int count, int seed = 1) => ml.Data.LoadFromEnumerable(Rows(count, seed));

    public static Picture[] Rows(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Disc(random))];
    }

    public static Dictionary<string, float[]> Weights(DiffEncTransformer model)
        => model.Model.NamedParameters.ToDictionary(p => p.Key, p => p.Value.data<float>().ToArray());

    private static Picture Disc(Random random)
    {
        double x = 2 + 4 * random.NextDouble(), y = 2 + 4 * random.NextDouble(), radius = 1 + 1.5 * random.NextDouble();
        byte bright = (byte)random.Next(180, 256);
        var image = new byte[Side * Side];
        for (int i = 0; i < image.Length; i++)
            image[i] = Math.Pow(i % Side - x, 2) + Math.Pow(i / Side - y, 2) < radius * radius ? bright : (byte)10;
        return new Picture { Image = image };
    }

    public sealed class Picture
    {
        [VectorType(Side * Side)]
        public byte[] Image { get; set; } = [];
    }

    /// <summary>Calls back at once, on the thread of the training (<see cref="Progress{T}"/> does not).</summary>
    public sealed class Callback(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
