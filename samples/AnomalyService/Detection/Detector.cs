using LikelihoodScoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.Transforms.Image;

namespace AnomalyService.Detection;

/// <summary>A detector from a model file, fed with decoded pictures. For one caller at a time: see <see cref="Queue.ScoringWorker"/>.</summary>
public sealed class Detector : IDisposable
{
    private readonly MLContext _ml = new();
    private readonly ITransformer _model;
    private readonly DetectorChain _parts;
    private readonly TransformerChain<ITransformer> _chain;
    private readonly SchemaDefinition _entry = SchemaDefinition.Create(typeof(Entrant));

    private Detector(string path)
    {
        _model = _ml.Model.Load(path, out DataViewSchema inputSchema);
        try
        {
            _parts = DetectorChain.In(_model, inputSchema);
            _chain = new TransformerChain<ITransformer>(_parts.Steps);
            (_entry[nameof(Entrant.Picture)].ColumnName, _entry[nameof(Entrant.Picture)].ColumnType) = (_parts.Entry, _parts.EntryType);
            Register(_parts.EntryType);

            var map = (ImageDataViewType)_chain.GetOutputSchema(View([]).Schema)[_parts.Detector.AnomalyMapColumnName!].Type;
            (Width, Height) = (map.Width, map.Height);
            using var black = MLImage.CreateFromPixels(Width, Height, MLPixelFormat.Bgra32, new byte[Width * Height * 4]);
            Score([black]); // what does not fit together shows now, and the first client need not wait
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The width of the pictures that the network sees.</summary>
    public int Width { get; }

    /// <summary>The height of the pictures that the network sees.</summary>
    public int Height { get; }

    /// <summary>Pictures with a score above it are anomalies.</summary>
    public float Threshold => _parts.Detector.Threshold;

    /// <summary>Whether pictures go in at their own size, for the model's own <c>ResizeImages</c>.</summary>
    public bool Resizes => _parts.Resizes;

    /// <summary>Loads a detector and tries it on a black picture.</summary>
    /// <exception cref="UsageException">There is no such file, or it is not a detector of pictures with maps.</exception>
    public static Detector Load(string path)
    {
        if (!File.Exists(path))
            throw new UsageException($"There is no file '{path}' (looked for it at '{Path.GetFullPath(path)}'). Check --model.");
        try
        {
            return new Detector(path);
        }
        // The file may hold anything: whatever goes wrong in reading it is wrong with the file. A missing libtorch is not.
        catch (Exception e) when (e is not (DllNotFoundException or OutOfMemoryException))
        {
            throw new UsageException($"'{path}' cannot serve as a detector: {(e.InnerException ?? e).Message}");
        }
    }

    /// <summary>Scores pictures in one pass, in their order.</summary>
    /// <param name="pictures">Pictures of any size where <see cref="Resizes"/>, otherwise of the detector's.</param>
    public IReadOnlyList<Verdict> Score(IReadOnlyList<MLImage> pictures)
    {
        Entrant[] rows = [.. pictures.Select(picture => new Entrant { Picture = picture })];
        try
        {
            return Read(_chain.Transform(View(rows)));
        }
        finally
        {
            Array.ForEach(rows, row => row.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => (_model as IDisposable)?.Dispose();

    private List<Verdict> Read(IDataView scored)
    {
        DataViewSchema schema = scored.Schema;
        DataViewSchema.Column map = schema[_parts.Detector.AnomalyMapColumnName!], seen = Seen(schema, map.Index);
        DataViewSchema.Column score = schema["Score"], pValue = schema["PValue"], label = schema["PredictedLabel"];

        using DataViewRowCursor cursor = scored.GetRowCursor([score, pValue, label, map, seen]);
        var (getScore, getPValue, getLabel) = (cursor.GetGetter<float>(score), cursor.GetGetter<float>(pValue), cursor.GetGetter<bool>(label));
        var (getMap, getSeen) = (cursor.GetGetter<MLImage>(map), cursor.GetGetter<MLImage>(seen));
        var verdicts = new List<Verdict>();
        // Handed back to their getters, which dispose of what is theirs.
        MLImage heat = null!, picture = null!;
        try
        {
            while (cursor.MoveNext())
            {
                var (unusual, share, isAnomaly) = (0f, 0f, false);
                getScore(ref unusual);
                getPValue(ref share);
                getLabel(ref isAnomaly);
                getMap(ref heat);
                getSeen(ref picture);
                using MLImage overlay = AnomalyMaps.Overlay(picture, heat);
                verdicts.Add(new Verdict(unusual, share, isAnomaly, Png.Encode(overlay)));
            }
        }
        finally
        {
            heat?.Dispose();
            picture?.Dispose();
        }
        return verdicts;
    }

    private IDataView View(Entrant[] rows) => _ml.Data.LoadFromEnumerable(rows, _entry);

    /// <summary>Tells ML.NET of a type of pictures: it reads rows of those types only that it knows, and knows those of its attributes.</summary>
    private static void Register(ImageDataViewType type)
    {
        ImageTypeAttribute attribute = type.Width == 0 ? new() : new(type.Height, type.Width);
        DataViewTypeManager.Register(type, typeof(MLImage), attribute);
    }

    /// <summary>The picture as the network sees it, or as it was just before its pixels were extracted: the last one in front of the map.</summary>
    private static DataViewSchema.Column Seen(DataViewSchema schema, int map)
        => schema.Take(map).Last(column => column.Type is ImageDataViewType);
}
