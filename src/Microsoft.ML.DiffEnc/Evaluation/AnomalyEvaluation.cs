using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Evaluation;

/// <summary>Compares scores with what is known of the images.</summary>
internal static class AnomalyEvaluation
{
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type.</exception>
    /// <exception cref="InvalidOperationException">There are no anomalies, or no normal images; or a score is no number.</exception>
    public static AnomalyMetrics Evaluate(IHostEnvironment env, IDataView scored, string labelColumnName, string scoreColumnName)
    {
        var host = env.Register(nameof(AnomalyEvaluation));
        var label = Find(scored.Schema, labelColumnName, NumberDataViewType.Single, BooleanDataViewType.Instance);
        var score = Find(scored.Schema, scoreColumnName, NumberDataViewType.Single);
        DataViewSchema.Column? predicted = scored.Schema.GetColumnOrNull(DefaultColumnNames.PredictedLabel);
        if (predicted is { Type: not BooleanDataViewType })
            predicted = null;
        using var cursor = scored.GetRowCursor(predicted is null ? [label, score] : [label, score, predicted.Value]);
        var isAnomaly = Label(cursor, label);
        var getScore = cursor.GetGetter<float>(score);
        var getPredicted = predicted is null ? null : cursor.GetGetter<bool>(predicted.Value);

        var scores = (Normal: new List<float>(), Anomalous: new List<float>());
        var called = (Normal: 0, Anomalous: 0);
        while (cursor.MoveNext())
        {
            host.CheckAlive();
            float value = 0;
            getScore(ref value);
            if (float.IsNaN(value))
                throw new InvalidOperationException($"The score in row {cursor.Position} is NaN; every image needs one to be ranked.");
            bool anomaly = isAnomaly(), flagged = false;
            getPredicted?.Invoke(ref flagged);
            (anomaly ? scores.Anomalous : scores.Normal).Add(value);
            called = (called.Normal + (flagged && !anomaly ? 1 : 0), called.Anomalous + (flagged && anomaly ? 1 : 0));
        }
        var (normal, anomalous) = (scores.Normal.Count, scores.Anomalous.Count);
        if (normal == 0 || anomalous == 0)
            throw new InvalidOperationException(
                $"There are {normal} normal images and {anomalous} anomalies by the column '{labelColumnName}' (1 or true: an anomaly); " +
                "both are needed to compare.");
        var (area, precision, falseRate) = RankMetrics.Of([.. scores.Normal], [.. scores.Anomalous]);
        double Share(int count, int all) => predicted is null ? double.NaN : count / (double)all;
        return new(area, precision, falseRate, Share(called.Normal, normal), Share(called.Anomalous, anomalous), normal, anomalous);
    }

    private static Func<bool> Label(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is BooleanDataViewType)
        {
            var flag = row.GetGetter<bool>(column);
            return () =>
            {
                bool value = false;
                flag(ref value);
                return value;
            };
        }
        var number = row.GetGetter<float>(column);
        return () =>
        {
            float value = 0;
            number(ref value);
            return value is 0 or 1
                ? value == 1
                : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                    $"The label in row {row.Position} is {value}; expected 0 for a normal image or 1 for an anomaly."));
        };
    }

    private static DataViewSchema.Column Find(DataViewSchema schema, string name, params DataViewType[] expected)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
            throw SchemaMismatch.Error("scored", $"There is no column '{name}'. The columns are: {SchemaMismatch.Names(schema)}. Score the images first (Transform), or name the column.");
        return expected.Contains(column.Type)
            ? column
            : throw SchemaMismatch.Error(
                "scored", $"The column '{name}' is {column.Type}; expected {string.Join(" or ", expected.AsEnumerable())}. Convert it: "
                + $"Conversion.ConvertType(\"{name}\", outputKind: DataKind.Single), or CustomMapping for what is neither 0 nor 1.");
    }
}
