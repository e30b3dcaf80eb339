using System.Numerics.Tensors;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Evaluation;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;

namespace Microsoft.ML.DiffEnc.Studies.Anomalies;

/// <summary>Of one score and one kind of odd images: the area under the ROC curve.</summary>
internal sealed record AnomalyResult(string Score, string Kind, int Seed, double AreaUnderRocCurve);

/// <summary>Trains the models that are missing, and has every score rank held-out normal images and odd ones.</summary>
internal sealed class AnomalyStudy(MLContext ml, string folder, int steps, IReadOnlyCollection<AnomalyScore> scores, CancellationToken cancellation)
{
    private const int PcaRank = 20, PcaImages = 10_000, Neighbours = 5;

    public IEnumerable<AnomalyResult> Run(AnomalyCase of)
    {
        using var model = Trained(of);
        byte[][] tried = [.. of.Held, .. of.Odd.SelectMany(o => o.Images)];
        foreach (var (name, values) in Scores(model, of, tried)
            .Append(("nearest pixels", NearestPixels(of, tried))).Append(("RandomizedPca on pixels", Pca(of, tried))))
        {
            float[] held = values[..of.Held.Length];
            int at = held.Length;
            foreach (var (kind, images) in of.Odd)
            {
                yield return new(name, kind, of.Seed, RankMetrics.Of(held, values[at..(at + images.Length)]).AreaUnderRocCurve);
                at += images.Length;
            }
        }
    }

    private DiffEncTransformer Trained(AnomalyCase of) => StudyModel.LoadOrTrain(
        ml, Path.Combine(folder, of.Name + ".zip"), View(of.Training, of), (of.Size, of.Size, of.Channels), steps, of.Seed, cancellation);

    /// <summary>The scores of <see cref="AnomalyScore"/>, as its detectors compute them; what several need is computed once.</summary>
    private IEnumerable<(string Name, float[] Scores)> Scores(DiffEncTransformer model, AnomalyCase of, byte[][] tried)
    {
        var profile = new AnomalyOptions().Profile(model.Settings.Seed);
        if (scores.Any(s => !AnomalyMeasures.NeedsBits(s)))
        {
            var scorer = Scorer(AnomalyScore.Profile);
            var learned = AnomalyEstimator.Learn(AnomalyScore.Profile, Measure(scorer, of.Normal), model.Model.TrainingImages);
            AnomalyMeasures[] measures = Measure(scorer, tried);
            foreach (var score in scores.Where(s => !AnomalyMeasures.NeedsBits(s)))
                yield return ($"{score}", [.. measures.Select(m => (float)learned.Score(score, m))]);
        }
        if (scores.Any(AnomalyMeasures.NeedsBits))
        {
            var (scorer, corrected) = (Scorer(AnomalyScore.BitsPerDimension), Scorer(AnomalyScore.ComplexityCorrected));
            double[] bits = [.. Measure(scorer, tried).Select(m => m.Bits)];
            var typical = scores.Contains(AnomalyScore.Typicality) ? AnomalyEstimator.Learn(AnomalyScore.Typicality, Measure(scorer, of.Normal), null) : null;
            foreach (var score in scores.Where(AnomalyMeasures.NeedsBits))
                yield return ($"{score}", [.. tried.Zip(bits, (image, b) => (float)(score switch
                {
                    AnomalyScore.ComplexityCorrected => corrected.Corrected(b, image),
                    AnomalyScore.Typicality => typical!.Score(score, new(b, [], [])),
                    _ => b,
                }))]);
        }

        AnomalyScorer Scorer(AnomalyScore score) => new(model, score, profile);
        AnomalyMeasures[] Measure(AnomalyScorer scorer, byte[][] images) => [.. images.Select(image =>
        {
            cancellation.ThrowIfCancellationRequested();
            return scorer.Measure(image);
        })];
    }

    /// <summary>ML.NET's own detector, trained on the pixels of images that the model was trained on.</summary>
    private float[] Pca(AnomalyCase of, byte[][] tried)
    {
        var pixels = ml.Transforms.Conversion.ConvertType("Features", "Image", DataKind.Single);
        var pca = pixels.Append(ml.AnomalyDetection.Trainers.RandomizedPca("Features", rank: PcaRank, seed: of.Seed));
        return [.. pca.Fit(View([.. of.Training.Take(PcaImages)], of)).Transform(View(tried, of)).GetColumn<float>("Score")];
    }

    /// <summary>The mean distance to the nearest of as many images as a model remembers of its training, pixel by pixel.</summary>
    private static float[] NearestPixels(AnomalyCase of, byte[][] tried)
    {
        int count = Math.Min(of.Training.Length, new DiffEncTrainer.Options().RememberedImages);
        float[] Values(byte[] image) => Array.ConvertAll(image, v => v / 255f);
        float[][] some = [.. Enumerable.Range(0, count).Select(i => Values(of.Training[(int)((long)i * of.Training.Length / count)]))];
        return [.. tried.Select(Values).Select(image => some.Select(s => TensorPrimitives.Distance<float>(image, s)).Order().Take(Neighbours).Average())];
    }

    private IDataView View(byte[][] images, AnomalyCase of)
    {
        var schema = SchemaDefinition.Create(typeof(Picture));
        schema[nameof(Picture.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, of.Channels, of.Size, of.Size);
        return ml.Data.LoadFromEnumerable(images.Select(image => new Picture { Image = image }).ToArray(), schema);
    }

    private sealed class Picture
    {
        public byte[] Image { get; set; } = [];
    }
}
