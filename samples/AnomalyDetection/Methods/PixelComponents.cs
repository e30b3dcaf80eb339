using LikelihoodScoring.Data;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace AnomalyDetection.Methods;

/// <summary>ML.NET's own detector on the pixels: how far a picture is from the principal components of the training pictures.</summary>
internal static class PixelComponents
{
    private const int Rank = 20, MostTraining = 10_000;

    /// <summary>Trains it on the training pictures and scores those of the test.</summary>
    public static ScoredPicture[] Score(MLContext ml, ImageSet images, int seed)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Picture));
        schema[nameof(Picture.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, images.Width * images.Height * images.Channels);
        IDataView View(IEnumerable<byte[]> pixels) =>
            ml.Data.LoadFromEnumerable(pixels.Select(p => new Picture { Features = Array.ConvertAll(p, v => (float)v) }).ToArray(), schema);

        var trainer = ml.AnomalyDetection.Trainers.RandomizedPca(nameof(Picture.Features), rank: Rank, seed: seed);
        var model = trainer.Fit(View(images.Pixels(images.Train).Take(MostTraining)));
        return ScoredPicture.WithoutVerdicts(images.Test, model.Transform(View(images.Pixels(images.Test))).GetColumn<float>("Score"));
    }

    private sealed class Picture
    {
        public float[] Features { get; set; } = [];
    }
}
