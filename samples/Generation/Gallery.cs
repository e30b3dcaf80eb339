using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace Generation;

/// <summary>All that the sample makes of a model: pictures, how they come out of noise, and repairs.</summary>
internal sealed class Gallery(Settings settings, CancellationToken cancellation)
{
    private const int Repaired = 6, Draws = 3;
    private const double ScratchedShare = 0.2;

    private readonly MLContext _ml = new(settings.Seed);
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public void Make()
    {
        Directory.CreateDirectory(settings.Output);
        using DiffEncTransformer model = Model();
        string imageColumn = model.GenerateAsDataView(1).Schema[1].Name;

        // For each row a picture, called as the row says.
        Named[] rows = [.. Enumerable.Range(0, settings.Images).Select(i => new Named { Name = $"picture-{i:D3}" })];
        IDataView names = _ml.Data.LoadFromEnumerable(rows);
        using var generator = _ml.Generative().Generate(model, Options(settings.Seed)).Fit(names);
        IReadOnlyList<string> files = _ml.Data.SaveImages(generator.Transform(names), PathOf("pictures"), "Generated", "Name", overwrite: true);
        Done("generated pictures, a file each", files.Count, "pictures/");
        MLImage[] generated = [.. files.Select(MLImage.CreateFromFile)];
        generated.SaveContactSheet(PathOf("generated.png"));
        Done("of them on a sheet", files.Count, "generated.png");

        int stages = Denoising.Save(model.Model, generated[0], settings, PathOf("denoising.png"), cancellation);
        Done("stages from noise to a picture", stages, "denoising.png");

        // The sample's own model knows digits; of any other model we know what it generates.
        var (plain, scratched) = settings.Model is null
            ? Digits.Unseen(settings, Repaired)
            : ([.. model.Generate(Repaired, Options(settings.Seed + 1))], []);
        MLImage[] masks = [.. plain.Select((p, i) => Masks.All[i % Masks.All.Count](p.Width, p.Height))];
        MLImage[][] repairs = [.. Enumerable.Range(0, Draws).Select(k => Repair(model, imageColumn, plain, masks, settings.Seed + k))];
        MLImage[] cells = [.. plain.SelectMany((p, i) => (MLImage[])[p, masks[i], .. repairs.Select(r => r[i])])];
        cells.SaveContactSheet(PathOf("repaired.png"), new() { Columns = 2 + Draws });
        Done("repairs: picture, mask, three draws", plain.Length, "repaired.png");

        if (scratched.Length > 0)
        {
            MLImage[] found = Repair(model, imageColumn, scratched, null, settings.Seed);
            scratched.Concat(found).SaveContactSheet(PathOf("scratched.png"), new() { Columns = Repaired });
            Done($"scratched digits, and {ScratchedShare:P0} of each drawn anew", scratched.Length, "scratched.png");
        }
        AnsiConsole.MarkupLineInterpolated($"All in {settings.Output}");
    }

    private DiffEncTransformer Model()
    {
        if (settings.Model is { } path)
        {
            AnsiConsole.MarkupLineInterpolated($"Model: {path}");
            return DiffEncTransformer.FindIn(_ml.Model.Load(path, out _));
        }
        AnsiConsole.MarkupLine("Training on digits drawn by the sample, 16×16");
        return Digits.Train(_ml, settings, cancellation).LastTransformer;
    }

    /// <summary>Repairs pictures as they would come from a disk: files of pictures and, where there are some, of masks.</summary>
    private MLImage[] Repair(DiffEncTransformer model, string imageColumn, MLImage[] pictures, MLImage[]? masks, int seed)
    {
        IReadOnlyList<string> files = pictures.SaveImages(PathOf("damaged"), overwrite: true);
        IReadOnlyList<string> maskFiles = masks?.SaveImages(PathOf("masks"), overwrite: true) ?? files;
        Damaged[] rows = [.. files.Zip(maskFiles, (picture, mask) => new Damaged { PicturePath = picture, MaskPath = mask })];
        IDataView paths = _ml.Data.LoadFromEnumerable(rows);
        var options = new RepairOptions { Generation = Options(seed), Resamplings = settings.Resamplings, AnomalousShare = ScratchedShare };
        var pipeline = _ml.Transforms.LoadImages(imageColumn, imageFolder: null, nameof(Damaged.PicturePath))
            .Append(_ml.Transforms.LoadImages("Mask", imageFolder: null, nameof(Damaged.MaskPath)))
            .Append(_ml.Generative().Repair(model, options, maskColumnName: masks is null ? null : "Mask"));
        var chain = pipeline.Fit(paths);
        using RepairTransformer repair = chain.LastTransformer;
        // An image out of a view is good until the next row is read.
        IEnumerable<MLImage> repaired = chain.Transform(paths).GetColumn<MLImage>("Repaired");
        return [.. repaired.Select(i => MLImage.CreateFromPixels(i.Width, i.Height, i.PixelFormat, i.Pixels))];
    }

    private GenerationOptions Options(int seed) => new() { Steps = settings.Steps, Seed = seed, CancellationToken = cancellation };

    private string PathOf(string name) => Path.Combine(settings.Output, name);

    private void Done(string what, int count, string file)
        => AnsiConsole.WriteLine($"{_clock.Elapsed.TotalSeconds,4:F0} s  {file,-15} {count,3} {what}");

    private sealed class Named
    {
        public string Name { get; set; } = "";
    }

    private sealed class Damaged
    {
        public string PicturePath { get; set; } = "";
        public string MaskPath { get; set; } = "";
    }
}
