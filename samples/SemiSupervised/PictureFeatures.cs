using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace SemiSupervised;

/// <summary>One way to describe pictures by numbers: those of the training and of the test pictures.</summary>
internal sealed record PictureFeatures(string Name, float[][] Train, float[][] Test)
{
    private const int Components = 50, MostPicturesForComponents = 5_000;

    /// <summary>Pixels, their principal components, and what the model makes of them. No label is looked at.</summary>
    public static IReadOnlyList<PictureFeatures> All(MLContext ml, LabeledPictures pictures, DiffEncTransformer model, CancellationToken cancellation)
    {
        var pixels = new PictureFeatures("pixels", Scaled(pictures.Train), Scaled(pictures.Test));
        return [pixels, PrincipalComponents(ml, pixels), Representation(ml, pictures, model, cancellation)];
    }

    /// <summary>From 0 to 1.</summary>
    private static float[][] Scaled(LabeledPicture[] pictures) => [.. pictures.Select(p => p.Pixels.Select(v => v / 255f).ToArray())];

    private static PictureFeatures PrincipalComponents(MLContext ml, PictureFeatures pixels)
    {
        IDataView View(IEnumerable<float[]> features) => FeatureRows.View(ml, [.. features], null, classes: 1);
        int rank = Math.Min(Components, pixels.Train[0].Length);
        var components = ml.Transforms.ProjectToPrincipalComponents("Features", rank: rank, seed: 1)
            .Fit(View(pixels.Train.Take(MostPicturesForComponents)));
        float[][] Of(float[][] features) => [.. components.Transform(View(features)).GetColumn<float[]>("Features")];
        return new($"{rank} PCA components", Of(pixels.Train), Of(pixels.Test));
    }

    /// <summary>What a user of the library writes: the default representation.</summary>
    private static PictureFeatures Representation(
        MLContext ml, LabeledPictures pictures, DiffEncTransformer model, CancellationToken cancellation)
    {
        // What is usual of the features is learned from the pictures that the model was trained on.
        using RepresentationTransformer representation = ml.Generative().Representations(model).Fit(pictures.View(ml, pictures.Train));
        float[][] Of(LabeledPicture[] some)
        {
            return [.. representation.Transform(pictures.View(ml, some)).GetColumn<float[]>("Representation").Select(row =>
            {
                cancellation.ThrowIfCancellationRequested();
                return row;
            })];
        }
        return new("representation", Of(pictures.Train), Of(pictures.Test));
    }
}
