using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Trainers;
using Microsoft.ML.DiffEnc.Transformers;

namespace Microsoft.ML.DiffEnc.Studies.Scoring;

/// <summary>A model of a preset's size for images of one size. Its weights are random: they take as long as trained ones.</summary>
internal sealed record ScoringCase(string Name, DiffEncPreset Preset, int Side, int Channels)
{
    public static IReadOnlyList<ScoringCase> All { get; } =
    [
        new("tiny", DiffEncPreset.Tiny, 28, 1),
        new("small", DiffEncPreset.Small, 28, 1),
        new("n128", DiffEncPreset.DiffEnc8_2, 32, 3),
    ];

    public string Title => $"{Preset}, {Side}×{Side}×{Channels}";

    public int Dimensions => Side * Side * Channels;

    public DiffEncModel Create()
    {
        var preset = PresetValues.Of(Preset);
        return DiffEncModel.Create(new ModelDescription
        {
            Width = Side,
            Height = Side,
            Channels = Channels,
            Encoder = preset.Encoder,
            EncoderLayout = preset.EncoderLayout,
            Denoiser = preset.DenoiserSize(null, null),
            EncoderNetwork = preset.EncoderSize(null, null),
        }, seed: 1);
    }

    /// <summary>A transformer of a shared model, with K draws of M times.</summary>
    public static DiffEncTransformer Transformer(MLContext ml, SharedModel model, int draws, int timesPerDraw)
        => new(ml, model.Acquire(), ScoringSettings.Default("Image", seed: 1) with { Draws = draws, TimesPerDraw = timesPerDraw });

    /// <summary>Images of random pixels, as vectors.</summary>
    public IDataView Images(MLContext ml, int count)
    {
        var schema = SchemaDefinition.Create(typeof(Picture));
        schema[nameof(Picture.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, Dimensions);
        return ml.Data.LoadFromEnumerable(Pictures(count), schema);
    }

    public IEnumerable<Picture> Pictures(int count)
    {
        var random = new Random(1);
        for (int i = 0; i < count; i++)
        {
            var picture = new Picture { Image = new byte[Dimensions] };
            random.NextBytes(picture.Image);
            yield return picture;
        }
    }

    /// <summary>A row with an image.</summary>
    internal sealed class Picture
    {
        public byte[] Image { get; set; } = [];
    }
}
