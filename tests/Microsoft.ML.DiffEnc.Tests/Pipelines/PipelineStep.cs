using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Training;

namespace Microsoft.ML.DiffEnc.Tests.Pipelines;

/// <summary>One of the estimators of <c>mlContext.Generative()</c>, as small as it goes, and the numbers that it adds.</summary>
/// <param name="Create">The estimator, of the model that it is given; a trainer leaves that alone.</param>
/// <param name="Numbers">Its columns of <see cref="float"/>s.</param>
internal sealed record PipelineStep(Func<GenerativeCatalog, DiffEncTransformer, IEstimator<ITransformer>> Create, params string[] Numbers)
{
    /// <summary>The column that <see cref="Behind"/> puts all numbers into.</summary>
    public const string Values = "Values";

    private static readonly string[] _likelihood =
        ["Score", "BitsPerDimension", "LogLikelihood", "ReconstructionLoss", "LatentLoss", "DiffusionLoss", "StandardError"];

    /// <summary>All of them, by the names that users call them by.</summary>
    public static IReadOnlyDictionary<string, PipelineStep> All { get; } = new Dictionary<string, PipelineStep>
    {
        ["DiffEnc"] = new((generative, _) => generative.DiffEnc(Trainer()), _likelihood),
        ["FiniteDepth"] = new((generative, model) => generative.FiniteDepth(model, new() { Depth = 4, CalibrationImages = 4 }), _likelihood),
        ["ImportanceSampling"] = new(
            (generative, model) => generative.ImportanceSampling(model, new() { CalibrationImages = 4, Bins = 4 }), _likelihood),
        ["OdeLikelihood"] = new(
            (generative, model) => generative.OdeLikelihood(model, new() { Tolerance = 0.1, Draws = 1 }),
            "OdeBitsPerDimension", "OdeLogLikelihood", "OdeDensityLoss", "OdeDequantizationLoss", "OdeStandardError", "OdeEvaluations"),
        ["DetectAnomalies"] = new((generative, model) => generative.DetectAnomalies(model, Detector()), "Score", "PValue"),
        ["Representations"] = new((generative, model) => generative.Representations(model, new() { Times = [0.2f, 0.6f] }), "Representation"),
        ["BayesClassifier"] = new((generative, model) => generative.BayesClassifier(model, new() { Draws = 1, TimesPerDraw = 2 }), "Score"),
    };

    /// <summary>Trains a model of two classes whose ODE is exact: all the others can be made of it.</summary>
    public static DiffEncTrainer.Options Trainer()
    {
        var options = TrainingRuns.Options(steps: 3); // the first step has no learning rate, the second moves the last layers only
        options.Encoder = EncoderKind.NonTrainable;
        (options.EncoderWidth, options.EncoderBlocks) = (null, null);
        (options.GammaMin, options.GammaMax) = (-2, 1); // a short way for the ODE
        options.LabelColumnName = "Label";
        (options.WarmUpSteps, options.ScoringTimesPerDraw) = (0, 1);
        return options;
    }

    /// <summary>A chain of stock transforms before the step, the step, and a stock transform that gathers its numbers.</summary>
    public TransformerChain<ITransformer> Fit(MLContext ml, DiffEncTransformer model, IEstimator<ITransformer> before, IDataView data)
        => before.Append(Create(ml.Generative(), model)).Append(Behind(ml)).Fit(data);

    /// <summary>A stock transform that reads what the step adds.</summary>
    public IEstimator<ITransformer> Behind(MLContext ml) => ml.Transforms.Concatenate(Values, Numbers);

    private static AnomalyOptions Detector() => new()
    {
        Score = AnomalyScore.BitsPerDimension,
        FalsePositiveRate = 0.25,
        AnomalyMapColumnName = "Map",
        ProfileTimes = [0.5f],
        ProfileDraws = 1,
    };
}
