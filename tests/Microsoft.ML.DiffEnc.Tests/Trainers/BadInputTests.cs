using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.Transforms.Image;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

/// <summary>Data that cannot be trained on, given to <see cref="DiffEncTrainer.Fit"/> itself.</summary>
public sealed class BadInputTests : IDisposable
{
    private static readonly Dictionary<string, Case> _all = new()
    {
        ["missing image"] = Rows("Row 1 of the image column 'Image'", "no image (null)", "LoadImages").With(
            ml => ml.Data.LoadFromEnumerable([new ImageRow { Image = Pictures.Image(Pictures.Pixels(0), 8, 8) }, new ImageRow()])),
        ["one image of another size"] = Rows("Row 1 of the image column 'Image'", "is 9×7", "expected 8×8", "ResizeImages(\"Image\", 8, 8)").With(
            ml => ml.Data.LoadFromEnumerable([ImageRow(8, 8), ImageRow(9, 7)])),
        ["NaN"] = Rows("Row 2 of the image column 'Image'", "value NaN at index 5", "ReplaceMissingValues").With(ml => Spoilt(ml, float.NaN)),
        ["0..1"] = Rows("Row 0 of the image column 'Image'", "integers from 0 to 255", "scaled to 0..1", "scaleImage").With(
            ml => ml.Data.LoadFromEnumerable(Pictures.VectorRows(3).Select(Scaled).ToArray())),
        ["above 255"] = Rows("Row 2 of the image column 'Image'", "value 256 at index 5", "integers from 0 to 255").With(ml => Spoilt(ml, 256)),
        ["below 0"] = Rows("Row 2 of the image column 'Image'", "value -3 at index 5", "integers from 0 to 255").With(ml => Spoilt(ml, -3)),
        ["infinity"] = Rows("Row 2 of the image column 'Image'", "at index 5", "integers from 0 to 255").With(
            ml => Spoilt(ml, float.PositiveInfinity)),
        ["between two levels"] = Rows("value 7.5 at index 5", "Round the values").With(ml => Spoilt(ml, 7.5f)),
        ["row without values"] = Rows("Row 1 of the image column 'Image'", "has 0 values; expected 64").With(
            ml => ml.Data.LoadFromEnumerable([.. Pictures.VectorRows(1), new VectorRow()])),
        ["no rows"] = Rows("no rows", "'Image'", "filter").With(ml => ml.Data.LoadFromEnumerable(Array.Empty<VectorRow>())),
        ["no rows left by a filter"] = Rows("no rows", "'Image'", "filter").With(
            ml => ml.Data.FilterRowsByColumn(Numbered(ml), "Float", lowerBound: 10)),
        ["vector of another size"] = Schema("'Image' is a vector of 48 values", "64 (1 × 8 × 8)", "ResizeImages").With(
            ml => ml.Data.LoadFromEnumerable([new ShortRow { Image = new float[48] }])),
        ["missing column"] = Schema("no image column 'Image'", "Pixels, Label", "CopyColumns").With(
            ml => ml.Data.LoadFromEnumerable([new { Pixels = 1f, Label = 1f }])),
        ["text"] = Schema("'Image' is String", "expected an MLImage of 8×8", "LoadImages").With(
            ml => ml.Data.LoadFromEnumerable([new { Image = "a.png" }])),
        ["images of another size"] = Schema("'Image' is an MLImage of 16×16", "expected an MLImage of 8×8", "ResizeImages(\"Image\", 8, 8)").With(
            ml => ml.Data.LoadFromEnumerable([new LargeRow { Image = Pictures.Image(new byte[256], 16, 16) }])),
        ["vector of unknown size"] = Schema("'Image' is a Vector<Single> of unknown size", "fixed size 64", "VectorType").With(
            ml => ml.Data.LoadFromEnumerable([new { Image = new float[64] }])),
    };

    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-bad-input-");

    public static TheoryData<string> Names => [.. _all.Keys];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Bad_data_are_refused_in_words_before_the_training_starts(string name)
        => Refused(name, TrainingRuns.Options(steps: 2), _all[name].Data(_ml));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bad_validation_set_is_refused_before_the_training_starts(string name)
    {
        var options = TrainingRuns.Options(steps: 2);
        options.ValidationSet = _all[name].Data(_ml);
        Refused(name, options, TrainingRuns.Discs(_ml, 20));
    }

    private void Refused(string name, DiffEncTrainer.Options options, IDataView data)
    {
        var reports = new List<TrainingProgress>();
        options.Progress = new TrainingRuns.Callback(reports.Add);
        options.CheckpointFolder = _folder.FullName;
        Exception error = Assert.Throws(_all[name].Error, () => _ml.Generative().DiffEnc(options).Fit(data));
        Assert.All(_all[name].Says, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.Empty(reports);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    private static Case Rows(params string[] says) => new(typeof(InvalidOperationException), says, null!);

    private static Case Schema(params string[] says) => new(typeof(ArgumentOutOfRangeException), says, null!);

    private static IDataView Spoilt(MLContext ml, float value)
    {
        VectorRow[] rows = [.. Pictures.VectorRows(4)];
        rows[2].Image[5] = value;
        return ml.Data.LoadFromEnumerable(rows);
    }

    private static VectorRow Scaled(VectorRow row)
    {
        row.Image = Array.ConvertAll(row.Image, value => value / 255);
        return row;
    }

    private static IDataView Numbered(MLContext ml)
    {
        IDataView rows = ml.Data.LoadFromEnumerable(Pictures.VectorRows(4).ToArray());
        return ml.Transforms.Conversion.ConvertType("Float", "Number").Fit(rows).Transform(rows);
    }

    // The column says 8×8 all the same: nothing checks what is in it.
    private static ImageRow ImageRow(int width, int height) => new() { Image = Pictures.Image(new byte[width * height], width, height) };

    private sealed record Case(Type Error, string[] Says, Func<MLContext, IDataView> Data)
    {
        public Case With(Func<MLContext, IDataView> data) => this with { Data = data };
    }

    private sealed class LargeRow
    {
        [ImageType(16, 16)]
        public MLImage? Image { get; set; }
    }

    private sealed class ShortRow
    {
        [VectorType(48)]
        public float[] Image { get; set; } = [];
    }
}
