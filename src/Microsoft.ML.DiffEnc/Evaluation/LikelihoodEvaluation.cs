using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Evaluation;

/// <summary>Averages likelihood columns, in one pass over the rows.</summary>
internal static class LikelihoodEvaluation
{
    /// <exception cref="ArgumentOutOfRangeException">A likelihood column is missing or is not a <see cref="float"/>.</exception>
    /// <exception cref="InvalidOperationException">There are no rows.</exception>
    public static GenerativeMetrics Evaluate(IHostEnvironment env, IDataView scored)
    {
        DataViewSchema.Column[] columns =
        [
            Find(scored.Schema, LikelihoodColumns.BitsPerDimension),
            Find(scored.Schema, LikelihoodColumns.ReconstructionLoss),
            Find(scored.Schema, LikelihoodColumns.LatentLoss),
            Find(scored.Schema, LikelihoodColumns.DiffusionLoss),
        ];
        IHost host = env.Register(nameof(LikelihoodEvaluation));
        using DataViewRowCursor cursor = scored.GetRowCursor(columns);
        ValueGetter<float>[] getters = Array.ConvertAll(columns, cursor.GetGetter<float>);

        long rows = 0;
        var means = new double[columns.Length];
        double squares = 0; // of the differences of the bound from its mean
        while (cursor.MoveNext())
        {
            host.CheckAlive();
            rows++;
            for (int i = 0; i < getters.Length; i++)
            {
                float value = 0;
                getters[i](ref value);
                // Welford's recurrence: exact also where the spread is small beside the mean.
                double difference = value - means[i];
                means[i] += difference / rows;
                if (i == 0)
                    squares += difference * (value - means[i]);
            }
        }
        if (rows == 0)
            throw new InvalidOperationException("The scored data have no rows: there is nothing to evaluate. Check the source and any filter on it.");
        double standardError = rows == 1 ? double.NaN : Math.Sqrt(squares / (rows - 1) / rows);
        return new GenerativeMetrics(means[0], standardError, means[1], means[2], means[3], rows);
    }

    private static DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        const string hint = "Evaluate what the Transform of a DiffEncTransformer gave, with its columns under their own names.";
        if (schema.GetColumnOrNull(name) is not { } column)
            throw SchemaMismatch.Error(
                "scored", $"There is no column '{name}'. The columns are: {SchemaMismatch.Names(schema)}. {hint}");
        if (column.Type != NumberDataViewType.Single)
            throw SchemaMismatch.Error("scored", $"The column '{name}' is {column.Type}; expected Single. {hint}");
        return column;
    }
}
