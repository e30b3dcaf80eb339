using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>
/// The <see cref="float"/> columns that a likelihood is written to: one table for the trainer's schema, the transformer's, and the values.
/// </summary>
internal static class LikelihoodColumns
{
    /// <summary>ML.NET's name for the value that anomalies are told by. Here: bits per dimension, so it rises as images get less likely.</summary>
    public const string Score = DefaultColumnNames.Score;

    /// <summary>The bound on -log2 p(x), divided by the number of values in an image.</summary>
    public const string BitsPerDimension = nameof(Likelihood.BitsPerDimension);

    /// <summary>The bound on log p(x), in nats per image.</summary>
    public const string LogLikelihood = "LogLikelihood";

    /// <summary>The reconstruction part of the bound, in bits per dimension.</summary>
    public const string ReconstructionLoss = nameof(Likelihood.ReconstructionLoss);

    /// <summary>The latent (prior) part of the bound, in bits per dimension.</summary>
    public const string LatentLoss = nameof(Likelihood.LatentLoss);

    /// <summary>The diffusion part of the bound, in bits per dimension.</summary>
    public const string DiffusionLoss = nameof(Likelihood.DiffusionLoss);

    /// <summary>The standard error of the estimate, from the spread of its draws, in bits per dimension. NaN with one draw.</summary>
    public const string StandardError = nameof(Likelihood.StandardError);

    private static readonly (string Name, Func<Likelihood, int, float> Value)[] _all =
    [
        (Score, (bound, _) => bound.BitsPerDimension),
        (BitsPerDimension, (bound, _) => bound.BitsPerDimension),
        (LogLikelihood, (bound, dimensions) => (float)(-bound.BitsPerDimension * (double)dimensions * Math.Log(2))),
        (ReconstructionLoss, (bound, _) => bound.ReconstructionLoss),
        (LatentLoss, (bound, _) => bound.LatentLoss),
        (DiffusionLoss, (bound, _) => bound.DiffusionLoss),
        (StandardError, (bound, _) => bound.StandardError),
    ];

    /// <summary>Whether a column includes the diffusion loss, whose estimate is nearly all of the work.</summary>
    public static bool NeedsDiffusion(int output) => _all[output].Name is not (ReconstructionLoss or LatentLoss);

    /// <summary>The number of columns.</summary>
    public static int Count => _all.Length;

    /// <summary>The value of column <paramref name="output"/>, of an image with <paramref name="dimensions"/> values.</summary>
    public static float Value(int output, in Likelihood bound, int dimensions) => _all[output].Value(bound, dimensions);

    /// <summary>The columns as they are appended to <paramref name="inputSchema"/>.</summary>
    public static DataViewSchema.DetachedColumn[] Create(DataViewSchema inputSchema)
        => Array.ConvertAll(_all, c => new DataViewSchema.DetachedColumn(
            c.Name, NumberDataViewType.Single, c.Name == Score ? Annotations(inputSchema) : null));

    /// <summary>The shape that <paramref name="inputSchema"/> gets when the columns are appended.</summary>
    public static SchemaShape AppendTo(SchemaShape inputSchema)
    {
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(c => c.Name);
        foreach ((string name, _) in _all)
        {
            SchemaShape? annotations = name == Score ? new SchemaShape(AnnotationUtils.GetTrainerOutputAnnotation()) : null;
            columns[name] = new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single, isKey: false, annotations);
        }
        return new SchemaShape(columns.Values);
    }

    private static DataViewSchema.Annotations Annotations(DataViewSchema inputSchema)
        => ScoreAnnotations.Begin(
            inputSchema, AnnotationUtils.Const.ScoreColumnKind.AnomalyDetection, AnnotationUtils.Const.ScoreValueKind.Score).ToAnnotations();
}
