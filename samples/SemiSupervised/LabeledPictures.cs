using LikelihoodScoring;
using LikelihoodScoring.Drawing;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace SemiSupervised;

/// <summary>A grey picture, row by row, and its class from 0.</summary>
internal sealed record LabeledPicture(byte[] Pixels, int Class);

/// <summary>Pictures to train on and others to measure on.</summary>
internal sealed record LabeledPictures(string Description, int Width, int Height, LabeledPicture[] Train, LabeledPicture[] Test)
{
    private const int DrawnSize = 16;

    /// <summary>Classes are 0 to this less one.</summary>
    public int Classes => Train.Concat(Test).Max(p => p.Class) + 1;

    /// <summary>Draws or loads what the settings ask for.</summary>
    /// <exception cref="UsageException">The files are not there, or have too few pictures.</exception>
    public static LabeledPictures Load(MLContext ml, Settings settings) => settings.Data == DataSource.Drawn ? Draw(settings) : LoadIdx(ml, settings);

    /// <summary>Pictures as a column <c>Image</c>, without their classes.</summary>
    public IDataView View(MLContext ml, IEnumerable<LabeledPicture> pictures)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(ImageRow));
        schema[nameof(ImageRow.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 1, Height, Width);
        return ml.Data.LoadFromEnumerable(pictures.Select(p => new ImageRow { Image = p.Pixels }).ToArray(), schema);
    }

    private static LabeledPictures Draw(Settings settings)
    {
        var painter = new Painter(DrawnSize, settings.Seed);
        var random = new Random(settings.Seed);
        LabeledPicture[] Digits(int count) => [.. Enumerable.Range(0, count).Select(_ => Digit(random.Next(10)))];
        LabeledPicture Digit(int digit) => new(painter.Digit(digit), digit);
        return new("digits drawn by the sample", DrawnSize, DrawnSize, Digits(settings.TrainingImages), Digits(settings.TestImages));
    }

    private static LabeledPictures LoadIdx(MLContext ml, Settings settings)
    {
        IDataView Set(string name)
            => ml.Data.LoadFromIdx(Find(settings.Path!, $"{name}-images", "idx3"), Find(settings.Path!, $"{name}-labels", "idx1"));
        IDataView train = Set("train");
        var size = ((VectorDataViewType)train.Schema["Image"].Type).Dimensions; // channels, height, width
        LabeledPicture[] Some(IDataView set, int count) => [.. ml.Data
            .CreateEnumerable<LabeledRow>(ml.Data.TakeRows(set, count), reuseRowObject: false)
            .Select(row => new LabeledPicture(row.Image, (int)row.Label))];
        return new($"IDX files in {settings.Path}", size[2], size[1], Some(train, settings.TrainingImages), Some(Set("t10k"), settings.TestImages));
    }

    /// <summary>The usual spellings: train-images-idx3-ubyte, train-images.idx3-ubyte, each with or without .gz.</summary>
    private static string Find(string folder, string name, string kind)
    {
        string[] spellings = [$"{name}-{kind}-ubyte", $"{name}-{kind}-ubyte.gz", $"{name}.{kind}-ubyte", $"{name}.{kind}-ubyte.gz"];
        return spellings.Select(spelling => Path.Combine(folder, spelling)).FirstOrDefault(File.Exists) ?? throw new UsageException(
            $"The folder '{folder}' has no {spellings[0]}, with or without .gz. --data mnist needs four files: images (idx3) and labels (idx1) " +
            "of 'train', and the same of 't10k', on which the classifiers are measured.");
    }

    private sealed class ImageRow
    {
        public byte[] Image { get; set; } = [];
    }

    private sealed class LabeledRow
    {
        public byte[] Image { get; set; } = [];
        public uint Label { get; set; }
    }
}
