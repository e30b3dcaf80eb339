using Microsoft.ML;
using Microsoft.ML.Data;

namespace AnomalyDetection;

/// <summary>What a detector says of a picture, beside what we know of it; the properties are columns.</summary>
internal sealed class ScoredPicture
{
    /// <summary>1 for an odd one, 0 for a normal one.</summary>
    public float Label { get; set; }

    /// <summary>0 for normal, k + 1 for the k-th kind of odd ones.</summary>
    public int Kind { get; set; }

    public float Score { get; set; }
    public float PValue { get; set; }
    public bool PredictedLabel { get; set; }

    /// <summary>Where it is odd; null where no maps were asked for.</summary>
    [NoColumn]
    public MLImage? Map { get; set; }

    /// <summary>Scores that come without p-values and verdicts, beside what is known of the pictures.</summary>
    public static ScoredPicture[] WithoutVerdicts(IDataView known, IEnumerable<float> scores) =>
    [
        .. known.GetColumn<float>("Label").Zip(known.GetColumn<int>("Kind"), scores)
            .Select(row => new ScoredPicture { Label = row.First, Kind = row.Second, Score = row.Third, PValue = float.NaN })
    ];

    /// <summary>
    /// Reads a detector's columns in one pass. Transform is lazy, so that every further pass would score again, and maps are made along with scores.
    /// </summary>
    /// <param name="scored">The transformed view.</param>
    /// <param name="mapColumn">The column of maps; null: none are read.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    public static ScoredPicture[] ReadAll(IDataView scored, string? mapColumn, CancellationToken cancellation)
    {
        DataViewSchema schema = scored.Schema;
        DataViewSchema.Column? map = mapColumn is null ? null : schema[mapColumn];
        using DataViewRowCursor cursor = scored.GetRowCursor(
            [schema["Label"], schema["Kind"], schema["Score"], schema["PValue"], schema["PredictedLabel"], .. map is null ? [] : new[] { map.Value }]);
        var (label, kind) = (cursor.GetGetter<float>(schema["Label"]), cursor.GetGetter<int>(schema["Kind"]));
        var (score, pValue) = (cursor.GetGetter<float>(schema["Score"]), cursor.GetGetter<float>(schema["PValue"]));
        var predicted = cursor.GetGetter<bool>(schema["PredictedLabel"]);
        ValueGetter<MLImage>? image = map is null ? null : cursor.GetGetter<MLImage>(map.Value);
        var all = new List<ScoredPicture>();
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            var (isOdd, which, unusual, share, flag) = (0f, 0, 0f, 0f, false);
            label(ref isOdd);
            kind(ref which);
            score(ref unusual);
            pValue(ref share);
            predicted(ref flag);
            MLImage heat = null!; // a new one for each row: a getter disposes of what it is handed
            image?.Invoke(ref heat);
            all.Add(new() { Label = isOdd, Kind = which, Score = unusual, PValue = share, PredictedLabel = flag, Map = heat });
        }
        return [.. all];
    }
}
