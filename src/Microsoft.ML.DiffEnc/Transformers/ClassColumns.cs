using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>The columns that a classifier adds, named, typed and annotated as those of ML.NET's multiclass scorers.</summary>
internal static class ClassColumns
{
    /// <summary>Output indices.</summary>
    public const int PredictedLabel = 0, Score = 1;

    /// <summary>The columns as they are appended to <paramref name="inputSchema"/>.</summary>
    public static DataViewSchema.DetachedColumn[] Create(DataViewSchema inputSchema, int classes, ClassNames? names)
    {
        const string kind = AnnotationUtils.Const.ScoreColumnKind.MulticlassClassification;
        var ofLabel = ScoreAnnotations.Begin(inputSchema, kind, AnnotationUtils.Const.ScoreValueKind.PredictedLabel);
        var ofScore = ScoreAnnotations.Begin(inputSchema, kind, AnnotationUtils.Const.ScoreValueKind.Score);
        names?.AddTo(ofLabel, AnnotationUtils.Kinds.KeyValues);
        names?.AddTo(ofScore, AnnotationUtils.Kinds.TrainingLabelValues);
        if (names is { AreTexts: true })
            names.AddTo(ofScore, AnnotationUtils.Kinds.SlotNames);
        return
        [
            new(DefaultColumnNames.PredictedLabel, new KeyDataViewType(typeof(uint), classes), ofLabel.ToAnnotations()),
            new(DefaultColumnNames.Score, new VectorDataViewType(NumberDataViewType.Single, classes), ofScore.ToAnnotations()),
        ];
    }

    /// <summary>The shape that <paramref name="inputSchema"/> gets when the columns are appended.</summary>
    public static SchemaShape AppendTo(SchemaShape inputSchema, ClassNames? names)
    {
        var columns = inputSchema.ToDictionary(c => c.Name);
        SchemaShape.Column[] ofScore = [.. AnnotationUtils.GetTrainerOutputAnnotation()], ofLabel = ofScore;
        if (names is not null)
        {
            ofLabel = [.. ofLabel, Values(AnnotationUtils.Kinds.KeyValues)];
            ofScore = [.. ofScore, Values(AnnotationUtils.Kinds.TrainingLabelValues)];
        }
        if (names is { AreTexts: true })
            ofScore = [.. ofScore, Values(AnnotationUtils.Kinds.SlotNames)];
        columns[DefaultColumnNames.PredictedLabel] = new(
            DefaultColumnNames.PredictedLabel, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true,
            new SchemaShape(ofLabel));
        columns[DefaultColumnNames.Score] = new(
            DefaultColumnNames.Score, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false, new SchemaShape(ofScore));
        return new SchemaShape(columns.Values);

        SchemaShape.Column Values(string kind) => new(kind, SchemaShape.Column.VectorKind.Vector, names.ItemType, isKey: false);
    }
}
