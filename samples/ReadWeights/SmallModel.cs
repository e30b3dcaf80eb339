using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace ReadWeights;

/// <summary>A model that is quick to train and has every kind of weight; what it has learned does not matter here.</summary>
internal static class SmallModel
{
    private const int Side = 16, Channels = 3;

    public static DiffEncTransformer Train(MLContext ml) => ml.Generative().DiffEnc(new DiffEncTrainer.Options
    {
        Width = Side,
        Height = Side,
        Channels = Channels,
        Preset = DiffEncPreset.Tiny,
        EncoderBlocks = 2,
        Steps = 20,
        BatchSize = 8,
        WarmUpSteps = 1,
    }).Fit(ml.Data.LoadFromEnumerable(Enumerable.Range(0, 64).Select(Gradient)));

    private static Picture Gradient(int number) => new()
    {
        Image = [.. Enumerable.Range(0, Channels * Side * Side).Select(i => (byte)(number * 37 + i % Side * (number % 7) + i / Side * 3))],
    };

    private sealed class Picture
    {
        [VectorType(Channels * Side * Side)]
        public byte[] Image { get; set; } = [];
    }
}
