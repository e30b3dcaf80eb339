using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>The columns that an anomaly detector adds, in the order that output indices count.</summary>
internal static class AnomalyColumns
{
    public const int Score = 0, PValue = 1, PredictedLabel = 2, Map = 3;

    public static string[] Names { get; } = [DefaultColumnNames.Score, "PValue", DefaultColumnNames.PredictedLabel];

    /// <summary>The columns as they are appended to <paramref name="inputSchema"/>.</summary>
    public static DataViewSchema.DetachedColumn[] Create(DataViewSchema inputSchema, string? map, ImageColumn image)
    {
        DataViewSchema.Annotations Of(string valueKind)
            => ScoreAnnotations.Begin(inputSchema, AnnotationUtils.Const.ScoreColumnKind.AnomalyDetection, valueKind).ToAnnotations();
        DataViewSchema.DetachedColumn[] always =
        [
            new(Names[Score], NumberDataViewType.Single, Of(AnnotationUtils.Const.ScoreValueKind.Score)),
            new(Names[PValue], NumberDataViewType.Single),
            new(Names[PredictedLabel], BooleanDataViewType.Instance, Of(AnnotationUtils.Const.ScoreValueKind.PredictedLabel)),
        ];
        return map is null ? always : [.. always, new(map, new ImageDataViewType(image.Height, image.Width))];
    }

    /// <summary>The shape that <paramref name="inputSchema"/> gets when the columns are appended.</summary>
    public static SchemaShape AppendTo(SchemaShape inputSchema, string? map, ImageColumn image)
    {
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(c => c.Name);
        var annotations = new SchemaShape(AnnotationUtils.GetTrainerOutputAnnotation());
        void Add(string name, DataViewType type, SchemaShape? notes)
            => columns[name] = new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Scalar, type, isKey: false, notes);
        Add(Names[Score], NumberDataViewType.Single, annotations);
        Add(Names[PValue], NumberDataViewType.Single, null);
        Add(Names[PredictedLabel], BooleanDataViewType.Instance, annotations);
        if (map is not null)
            Add(map, new ImageDataViewType(image.Height, image.Width), null);
        return new SchemaShape(columns.Values);
    }
}
