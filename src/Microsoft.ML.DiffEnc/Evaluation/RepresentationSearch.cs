using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Representations;

namespace Microsoft.ML.DiffEnc.Evaluation;

/// <summary>Tries representations one by one: under multinomial logistic regression, standardised where they have no scale of their own.</summary>
internal sealed class RepresentationSearch(MLContext ml, DiffEncTransformer model, RepresentationSearchOptions options)
{
    private const string Column = "Representation";

    public IReadOnlyList<RepresentationTrial> Run(IDataView train, IDataView validation)
    {
        var label = new LabelColumn(options.LabelColumnName).BoundTo(train.Schema);
        label.Find(validation.Schema);
        RepresentationOptions[] all = [.. Candidates()];
        foreach (var candidate in all)
            RepresentationSettings.From(candidate, model); // all that is wrong is said before anything is computed
        return [.. all.Select(candidate => Try(candidate, train, validation)).OrderByDescending(trial => trial.Accuracy)];
    }

    private IEnumerable<RepresentationOptions> Candidates()
        => from kind in NotEmpty(options.Kinds, nameof(options.Kinds))
           from block in BlocksOf(kind)
           from grid in options.PoolingGrids is null ? new int?[1] : NotEmpty(options.PoolingGrids, nameof(options.PoolingGrids)).Select(g => (int?)g)
           from normalization in NormalizationsOf(kind)
           from time in NotEmpty(options.Times, nameof(options.Times))
           select new RepresentationOptions { Kind = kind, Block = block, PoolingGrid = grid, Normalization = normalization, Times = [time], Draws = options.Draws };

    private IEnumerable<FeatureNormalization?> NormalizationsOf(RepresentationKind kind)
    {
        bool ofBlock = kind is RepresentationKind.DenoiserFeatures or RepresentationKind.EncoderFeatures;
        return options.Normalizations is null || !ofBlock
            ? new FeatureNormalization?[1]
            : NotEmpty(options.Normalizations, nameof(options.Normalizations)).Select(n => (FeatureNormalization?)n);
    }

    private IEnumerable<string?> BlocksOf(RepresentationKind kind)
    {
        IEnumerable<string>? all = kind switch
        {
            RepresentationKind.DenoiserFeatures => model.Model.DenoiserBlocks,
            RepresentationKind.EncoderFeatures => model.Model.EncoderBlocks,
            _ => null,
        };
        if (all is null)
            return [null];
        return options.Blocks is null ? all : NotEmpty(options.Blocks, nameof(options.Blocks));
    }

    private RepresentationTrial Try(RepresentationOptions candidate, IDataView train, IDataView validation)
    {
        options.CancellationToken.ThrowIfCancellationRequested();
        using var represent = ml.Generative().Representations(model, candidate).Fit(train);
        IEstimator<ITransformer> trainer = ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(options.LabelColumnName, Column);
        if (RepresentationSettings.From(candidate, model).Features.Normalization == FeatureNormalization.None)
            trainer = ml.Transforms.NormalizeMeanVariance(Column).Append(trainer); // rectified features have their scale
        var classifier = trainer.Fit(ml.Data.Cache(represent.Transform(train), Column, options.LabelColumnName));
        var scored = classifier.Transform(represent.Transform(validation));
        // The evaluator reads its data more than once; the network shall not.
        var metrics = ml.MulticlassClassification.Evaluate(ml.Data.Cache(scored), options.LabelColumnName);
        double accuracy = metrics.MicroAccuracy;
        double images = metrics.ConfusionMatrix.Counts.Sum(row => row.Sum());
        var trial = new RepresentationTrial(candidate, accuracy, Math.Sqrt(accuracy * (1 - accuracy) / images));
        options.Progress?.Report(trial);
        return trial;
    }

    private static T[] NotEmpty<T>(T[]? values, string name)
        => values is { Length: > 0 } ? values : throw new ArgumentException($"The option {name} is empty; expected what to try.", nameof(values));
}
