using Microsoft.ML;
using Microsoft.ML.Data;

namespace SemiSupervised;

/// <summary>Features and classes as ML.NET's trainers want them: columns <c>Features</c> and <c>Label</c>, a key.</summary>
internal static class FeatureRows
{
    /// <param name="ml">The context.</param>
    /// <param name="features">Equally many of each picture.</param>
    /// <param name="labels">Classes from 0; null where no label is wanted.</param>
    /// <param name="classes">How many classes there are.</param>
    public static IDataView View(MLContext ml, float[][] features, IReadOnlyList<int>? labels, int classes)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, features[0].Length);
        schema[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), classes);
        return ml.Data.LoadFromEnumerable(
            features.Select((f, i) => new Row { Features = f, Label = (uint)(labels?[i] ?? 0) }).ToArray(), schema); // of objects, keys count from 0
    }

    private sealed class Row
    {
        public float[] Features { get; set; } = [];
        public uint Label { get; set; }
    }
}
