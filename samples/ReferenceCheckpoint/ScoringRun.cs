using System.Diagnostics;
using LikelihoodScoring;
using LikelihoodScoring.Drawing;
using LikelihoodScoring.Reporting;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace ReferenceCheckpoint;

/// <summary>From the authors' files to figures, pictures, and a model for .NET and one for PyTorch.</summary>
internal sealed class ScoringRun(Settings settings, CancellationToken cancellation)
{
    private const int SheetColumns = 8;

    // What the library generates in one pass.
    private const int GeneratedTogether = 64;

    private readonly MLContext _ml = settings.Gpu is { } gpu ? new(settings.Seed) { GpuDeviceId = gpu } : new(settings.Seed);

    public void Run()
    {
        Pictures pictures = Pictures.Open(_ml, settings.Data, settings.Size, settings.Images);
        (string checkpoint, string config) = settings.Files;
        using DiffEncTransformer model =
            _ml.Generative().LoadReferenceCheckpoint(checkpoint, config, Pictures.Column, pictures.Width, pictures.Height);
        int channels = (int)model.Model.NamedParameters["denoiser.conv_out.bias"].NumberOfElements;
        long weights = model.Model.NamedParameters.Values.Sum(tensor => tensor.NumberOfElements);
        Console.WriteLine($"Checkpoint  {Path.GetFileName(checkpoint)}, {Path.GetFileName(config)}");
        Console.WriteLine($"Model       {weights:N0} weights, every one accounted for; images of {pictures.Width}×{pictures.Height}×{channels}");

        LikelihoodReport report = Score(model, pictures);
        IReadOnlyList<MLImage> generated = Generate(model);
        SaveSheet(pictures, channels, report, generated);
        SaveModel(model, pictures);
    }

    private LikelihoodReport Score(DiffEncTransformer model, Pictures pictures)
    {
        // A real checkpoint can take hours on a CPU: the first picture, twice at two times, says how long (the first call of all is slower).
        TimeSpan few = TimeSpan.Zero;
        for (int i = 0; i < 2; i++)
        {
            var clock = Stopwatch.StartNew();
            Report(model, _ml.Data.TakeRows(pictures.Prepared, 1), draws: 1, times: 2);
            few = clock.Elapsed;
        }
        int count = (int)(pictures.Prepared.GetRowCount() ?? settings.Images), each = settings.Draws * settings.TimesPerDraw;
        Announce($"Scoring     {count} pictures × {settings.Draws} draws × {settings.TimesPerDraw} times", (long)count * each, few / 2);

        LikelihoodReport report = Report(model, pictures.Prepared, settings.Draws, settings.TimesPerDraw);
        Console.WriteLine();
        Console.WriteLine("bits/dim, over the pictures     mean ± standard error   (of the draws alone)");
        WriteLoss("bound on -log2 p(x)", report.BitsPerDimension);
        WriteLoss("  reconstruction", report.ReconstructionLoss);
        WriteLoss("  latent", report.LatentLoss);
        WriteLoss("  diffusion", report.DiffusionLoss);
        Console.WriteLine();
        return report;
    }

    private LikelihoodReport Report(DiffEncTransformer model, IDataView pictures, int draws, int times)
        => _ml.Generative().Report(model, pictures, new() { Draws = draws, TimesPerDraw = times, CancellationToken = cancellation });

    private IReadOnlyList<MLImage> Generate(DiffEncTransformer model)
    {
        if (settings.Samples == 0)
            return [];
        var clock = Stopwatch.StartNew();
        bool isAnnounced = false;
        return model.Generate(settings.Samples, new GenerationOptions
        {
            Steps = settings.Steps,
            Seed = settings.Seed,
            CancellationToken = cancellation,
            Progress = new AtOnce<GenerationProgress>(_ =>
            {
                if (!isAnnounced)
                    Announce(
                        $"Generating  {settings.Samples} pictures × {settings.Steps} steps", (long)settings.Samples * settings.Steps,
                        clock.Elapsed / Math.Min(settings.Samples, GeneratedTogether));
                isAnnounced = true;
            }),
        });
    }

    private void SaveSheet(Pictures pictures, int channels, LikelihoodReport report, IReadOnlyList<MLImage> generated)
    {
        string path = Path.Combine(settings.Output, "pictures.png");
        var sheet = new ContactSheet(pictures.Width, pictures.Height, channels).Add(
            "Scored, bits/dim",
            pictures.Pixels(channels).Zip(report.Images, (pixels, likelihood) => new ContactSheet.Tile(pixels, $"{likelihood.BitsPerDimension:F2}")));
        if (generated.Count > 0)
            sheet.Add("Generated", generated.Select(image => new ContactSheet.Tile(Raster.ToPixels(image, channels))));
        sheet.Save(path, SheetColumns);
        Console.WriteLine($"Wrote       {path}");
        report.SaveImagesCsv(Path.Combine(settings.Output, "images.csv"));
        Console.WriteLine($"Wrote       {Path.Combine(settings.Output, "images.csv")}");
    }

    private void SaveModel(DiffEncTransformer model, Pictures pictures)
    {
        string zip = Path.Combine(settings.Output, "model.zip"), tensors = Path.Combine(settings.Output, "weights.safetensors");
        OutputFiles.WriteWhole(zip, unfinished => _ml.Model.Save(pictures.Preparation.Append(model), pictures.Data.Schema, unfinished));
        Console.WriteLine($"Wrote       {zip}: mlContext.Model.Load(…) in any program that has the package");
        model.Model.SaveSafetensors(tensors);
        Console.WriteLine($"Wrote       {tensors}: for PyTorch, see docs/weights.md");
    }

    private static void Announce(string what, long evaluations, TimeSpan each)
        => Console.WriteLine($"{what} = {evaluations:N0} evaluations of the network, about {Duration.Text(each * evaluations)} here");

    private static void WriteLoss(string name, LossEstimate loss)
        => Console.WriteLine($"{name,-24}{loss.Mean,12:F4} ± {loss.StandardError:F4}          ({loss.DrawStandardError:F4})");

    /// <summary>Calls back on the caller's thread (<see cref="Progress{T}"/> does not).</summary>
    private sealed class AtOnce<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
