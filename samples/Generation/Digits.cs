using LikelihoodScoring.Drawing;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace Generation;

/// <summary>Digits that the sample draws, and a model trained on them.</summary>
internal static class Digits
{
    private const int Size = 16, TrainingImages = 4000, Pixels = Size * Size;

    /// <summary>Trains a model of the smallest preset.</summary>
    public static TransformerChain<DiffEncTransformer> Train(MLContext ml, Settings settings, CancellationToken cancellation)
    {
        var painter = new Painter(Size, settings.Seed);
        Digit[] rows = [.. Enumerable.Range(0, TrainingImages).Select(_ => new Digit { Image = painter.Digit() })];
        IDataView digits = ml.Data.LoadFromEnumerable(rows);
        var pipeline = new EstimatorChain<ITransformer>().Append(ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            InputColumnName = "Image",
            Width = Size,
            Height = Size,
            Channels = 1,
            Preset = DiffEncPreset.Tiny,
            Steps = settings.TrainingSteps,
            Progress = new Lines(),
            CancellationToken = cancellation
        }));
        var model = pipeline.Fit(digits);
        ml.Model.Save(model, digits.Schema, Path.Combine(settings.Output, "model.zip"));
        return model;
    }

    /// <summary>Digits that the model has not seen, plain ones and scratched ones.</summary>
    public static (MLImage[] Plain, MLImage[] Scratched) Unseen(Settings settings, int count)
    {
        var painter = new Painter(Size, settings.Seed + 1);
        MLImage[] Of(Func<byte[]> draw) => [.. Enumerable.Range(0, count).Select(_ => ToImage(draw()))];
        return (Of(painter.Digit), Of(painter.OddKinds["scratched digit"]));
    }

    private static MLImage ToImage(byte[] grey)
        => MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Bgra32, [.. grey.SelectMany(v => (byte[])[v, v, v, byte.MaxValue])]);

    private sealed class Digit
    {
        [VectorType(Pixels)]
        public byte[] Image { get; set; } = [];
    }

    /// <summary>A line now and then.</summary>
    private sealed class Lines : IProgress<TrainingProgress>
    {
        private int _next;

        public void Report(TrainingProgress value)
        {
            if (value.Step < _next && value.Step < value.Steps)
                return;
            _next += Math.Max(1, value.Steps / 6);
            AnsiConsole.WriteLine(
                $"  step {value.Step,4} of {value.Steps}  {value.BitsPerDimension,6:F3} bits/dim  {value.Elapsed.TotalSeconds,4:F0} s");
        }
    }
}
