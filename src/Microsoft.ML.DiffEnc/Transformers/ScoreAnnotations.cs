using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>What ML.NET's own scorers write beside their scores, and its evaluators look for.</summary>
internal static class ScoreAnnotations
{
    /// <summary>The annotations of one column of a set of scores; a set gets the next free number.</summary>
    /// <param name="inputSchema">The schema that the columns are appended to.</param>
    /// <param name="columnKind">What the scores are of: one of <see cref="AnnotationUtils.Const.ScoreColumnKind"/>.</param>
    /// <param name="valueKind">Which of the scores: one of <see cref="AnnotationUtils.Const.ScoreValueKind"/>.</param>
    public static DataViewSchema.Annotations.Builder Begin(DataViewSchema inputSchema, string columnKind, string valueKind)
    {
        uint set = inputSchema.GetMaxAnnotationKind(out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1;
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(AnnotationUtils.Kinds.ScoreColumnSetId, AnnotationUtils.ScoreColumnSetIdType, (ref uint value) => value = set);
        AddText(AnnotationUtils.Kinds.ScoreColumnKind, columnKind);
        AddText(AnnotationUtils.Kinds.ScoreValueKind, valueKind);
        return annotations;

        void AddText(string kind, string text)
            => annotations.Add(kind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = text.AsMemory());
    }
}
