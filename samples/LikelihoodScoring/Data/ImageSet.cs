using LikelihoodScoring.Drawing;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace LikelihoodScoring.Data;

/// <summary>Pictures to train on, to validate with, to score, as data views, and the stock transforms that come before the trainer.</summary>
/// <remarks><see cref="Test"/> has the columns <c>Label</c> and <c>Kind</c>; after <see cref="Preparation"/> every view has <c>Image</c>.</remarks>
internal sealed class ImageSet
{
    public required string Description { get; init; }
    public required int Width { get; init; }
    public required int Height { get; init; }
    public required int Channels { get; init; }
    public required IDataView Train { get; init; }
    public required IDataView Validation { get; init; }
    public required IDataView Test { get; init; }

    /// <summary>Further normal pictures, as many as the settings ask for.</summary>
    public required IDataView Calibration { get; init; }

    /// <summary>The kinds of odd ones: a picture whose <c>Kind</c> is k + 1 is of kind k, and 0 is normal. May be empty.</summary>
    public required IReadOnlyList<string> OddKinds { get; init; }

    /// <summary>Files that could not be decoded as pictures and are in none of the views.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>What comes before the trainer: nothing for pixels, loading and resizing for files.</summary>
    public EstimatorChain<ITransformer> Preparation { get; init; } = new();

    /// <summary>Width × height × channels.</summary>
    public string Size => $"{Width}×{Height}×{Channels}";

    /// <summary>A view with its <c>Image</c> column, ready for the trainer.</summary>
    public IDataView Prepare(IDataView view) => HasPixels(view) ? view : Preparation.Fit(view).Transform(view);

    /// <summary>The pixels of a view's pictures as the model sees them, channels first.</summary>
    public IEnumerable<byte[]> Pixels(IDataView view) => HasPixels(view)
        ? view.GetColumn<byte[]>("Image")
        : Prepare(view).GetColumn<MLImage>("Image").Select(image => Raster.ToPixels(image, Channels));

    /// <summary>The pixels of the held-out normal pictures.</summary>
    public IEnumerable<byte[]> HeldOutPixels() =>
        Pixels(Test).Zip(Test.GetColumn<float>("Label")).Where(row => row.Second == 0).Select(row => row.First);

    private static bool HasPixels(IDataView view) => view.Schema.GetColumnOrNull("Image") is not null;

    /// <summary>A set from pixels in memory, channels first.</summary>
    public static ImageSet FromPixels(
        MLContext ml, string description, int width, int height, int channels,
        Split<byte[]> normal, IReadOnlyList<(string Name, IReadOnlyList<byte[]> Images)> oddKinds)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(TestRow));
        schema[nameof(TestRow.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, channels, height, width);
        IDataView View(IEnumerable<TestRow> rows) => ml.Data.LoadFromEnumerable(rows.ToArray(), schema);

        IEnumerable<TestRow> odd = oddKinds.SelectMany((kind, k) =>
            kind.Images.Select(pixels => new TestRow { Image = pixels, Kind = k + 1, Label = 1 }));
        return new ImageSet
        {
            Description = description,
            Width = width,
            Height = height,
            Channels = channels,
            Train = View(normal.Train.Select(pixels => new TestRow { Image = pixels })),
            Validation = View(normal.Validation.Select(pixels => new TestRow { Image = pixels })),
            Test = View(normal.HeldOut.Select(pixels => new TestRow { Image = pixels }).Concat(odd)),
            Calibration = View(normal.Calibration.Select(pixels => new TestRow { Image = pixels })),
            OddKinds = [.. oddKinds.Select(kind => kind.Name)]
        };
    }

    private sealed class TestRow
    {
        public byte[] Image { get; set; } = [];

        /// <summary>1 for an odd one, 0 for a normal one: what ML.NET's anomaly evaluation wants.</summary>
        public float Label { get; set; }

        public int Kind { get; set; }
    }
}
