using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.DiffEnc.Studies.Labels;

/// <summary>What a linear classifier reaches with few labels: on pixels, on their principal components and on a model's representations.</summary>
internal sealed class LabelsStudy(MLContext ml, string folder, int labels, int validation, CancellationToken cancellation)
{
    // Principal components are of images without labels.
    private const int Unlabelled = 5_000, Components = 50, TrainedOn = 50_000;

    private readonly IDataView _all = Keys(ml, StudyImages.View(ml, folder, "train"));

    /// <summary>The accuracy of each representation for one draw of labels.</summary>
    /// <param name="model">The model, trained without labels.</param>
    /// <param name="options">The representations.</param>
    /// <param name="draw">Which labelled images.</param>
    public IEnumerable<(string Name, double Accuracy)> Run(DiffEncTransformer model, RepresentationSearchOptions options, int draw)
    {
        IDataView held = ml.Data.SkipRows(_all, TrainedOn);
        IDataView test = ml.Data.Cache(ml.Data.TakeRows(held, validation));
        IDataView train = ml.Data.Cache(ml.Data.TakeRows(ml.Data.ShuffleRows(ml.Data.SkipRows(held, validation), draw), labels));
        var pixels = ml.Transforms.Conversion.ConvertType("Features", "Image", DataKind.Single);
        var components = pixels.Append(ml.Transforms.ProjectToPrincipalComponents("Features", rank: Components, seed: 1))
            .Fit(ml.Data.TakeRows(_all, Unlabelled));
        var (standardised, scaled) = (ml.Transforms.NormalizeMeanVariance("Features"), ml.Transforms.NormalizeMinMax("Features"));
        yield return ("pixels, standardised", Accuracy(pixels.Fit(train), standardised, train, test));
        yield return ("pixels, scaled", Accuracy(pixels.Fit(train), scaled, train, test));
        yield return ($"{Components} principal components, standardised", Accuracy(components, standardised, train, test));
        yield return ($"{Components} principal components, scaled", Accuracy(components, scaled, train, test));
        foreach (var trial in ml.Generative().SearchRepresentations(model, train, test, options))
            yield return (Name(trial.Options), trial.Accuracy);
    }

    private double Accuracy(ITransformer features, IEstimator<ITransformer> normalizer, IDataView train, IDataView test)
    {
        cancellation.ThrowIfCancellationRequested();
        var classifier = normalizer.Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Label", "Features"))
            .Fit(features.Transform(train));
        return ml.MulticlassClassification.Evaluate(classifier.Transform(features.Transform(test))).MicroAccuracy;
    }

    private static string Name(RepresentationOptions of) => FormattableString.Invariant(
        $"{of.Kind}{(of.Block is null ? "" : " " + of.Block)}, t = {of.Times[0]}{(of.PoolingGrid is { } cells ? $", {cells}×{cells} cells" : "")}");

    private static IDataView Keys(MLContext ml, IDataView view) => ml.Transforms.Conversion
        .MapValueToKey("Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(view).Transform(view);
}
