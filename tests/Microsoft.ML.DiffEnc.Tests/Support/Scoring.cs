using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Transformers of small models with random weights: what they score means nothing, but differs from image to image.</summary>
internal static class Scoring
{
    public static ScoringSettings Settings { get; } = new("Image", PixelLayout.ChannelsFirst, Draws: 2, TimesPerDraw: 4, Seed: 7);

    public static DiffEncTransformer Transformer(MLContext ml, int channels = 1, ScoringSettings? settings = null)
    {
        ModelDescription description = Models.Describe(EncoderKind.NonTrainable, size: 8, channels);
        return new DiffEncTransformer(ml, Models.Create(description, dtype: torch.ScalarType.Float32), settings ?? Settings);
    }

    public static ScoredRow[] Rows(MLContext ml, IDataView scored) => [.. ml.Data.CreateEnumerable<ScoredRow>(scored, reuseRowObject: false)];

    public static float[] Scores(MLContext ml, IDataView scored) => [.. Rows(ml, scored).Select(row => row.Score)];
}
