using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace SemiSupervised;

/// <summary>The model: trained on the pictures without their classes, or read from a file.</summary>
internal static class PictureModel
{
    public static DiffEncTransformer Get(MLContext ml, LabeledPictures pictures, Settings settings, CancellationToken cancellation)
    {
        if (settings.Model is { } path)
        {
            AnsiConsole.MarkupLineInterpolated($"Model: {path}");
            return DiffEncTransformer.FindIn(ml.Model.Load(path, out _));
        }
        AnsiConsole.MarkupLineInterpolated($"Training {settings.Preset} without labels");
        IDataView unlabelled = pictures.View(ml, pictures.Train);
        var trainer = ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            InputColumnName = "Image",
            Width = pictures.Width,
            Height = pictures.Height,
            Channels = 1,
            Preset = settings.Preset,
            Steps = settings.Steps,
            Progress = new Lines(),
            CancellationToken = cancellation
        });
        DiffEncTransformer model = trainer.Fit(unlabelled);
        ml.Model.Save(model, unlabelled.Schema, Path.Combine(settings.Output, "model.zip"));
        return model;
    }

    /// <summary>A line now and then.</summary>
    private sealed class Lines : IProgress<TrainingProgress>
    {
        private int _next;

        public void Report(TrainingProgress value)
        {
            if (value.Step < _next && value.Step < value.Steps)
                return;
            _next += Math.Max(1, value.Steps / 5);
            AnsiConsole.WriteLine($"  step {value.Step,5} of {value.Steps}  {value.BitsPerDimension,6:F3} bits/dim  {value.Elapsed.TotalSeconds,4:F0} s");
        }
    }
}
