using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion.Ode;

namespace Microsoft.ML.DiffEnc.Transformers.Ode;

/// <summary>The <see cref="float"/> columns of an <see cref="OdeLikelihood"/>: one table for the estimator's schema, the transformer's, and the
/// values.</summary>
internal static class OdeLikelihoodColumns
{
    private static readonly (string Name, Func<OdeLikelihood, int, float> Value)[] _all =
    [
        ("OdeBitsPerDimension", (ode, _) => ode.BitsPerDimension),
        ("OdeLogLikelihood", (ode, dimensions) => (float)(-ode.BitsPerDimension * (double)dimensions * Math.Log(2))),
        ("OdeDensityLoss", (ode, _) => ode.DensityLoss),
        ("OdeDequantizationLoss", (ode, _) => ode.DequantizationLoss),
        ("OdeStandardError", (ode, _) => ode.StandardError),
        ("OdeEvaluations", (ode, _) => ode.Evaluations),
    ];

    /// <summary>The value of column <paramref name="output"/>, of an image with <paramref name="dimensions"/> values.</summary>
    public static float Value(int output, in OdeLikelihood ode, int dimensions) => _all[output].Value(ode, dimensions);

    /// <summary>The columns as they are appended.</summary>
    public static DataViewSchema.DetachedColumn[] Create()
        => Array.ConvertAll(_all, c => new DataViewSchema.DetachedColumn(c.Name, NumberDataViewType.Single));

    /// <summary>The shape that <paramref name="inputSchema"/> gets when the columns are appended.</summary>
    public static SchemaShape AppendTo(SchemaShape inputSchema)
    {
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(c => c.Name);
        foreach (var (name, _) in _all)
            columns[name] = new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single, isKey: false);
        return new SchemaShape(columns.Values);
    }
}
