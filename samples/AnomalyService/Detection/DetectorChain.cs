using LikelihoodScoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.Transforms.Image;

namespace AnomalyService.Detection;

/// <summary>The part of a loaded model that decoded pictures run through: from behind <c>LoadImages</c> to the detector.</summary>
/// <param name="Steps">What prepares the pictures, and at the end the detector.</param>
/// <param name="Entry">The name of the column that pictures are put into.</param>
/// <param name="EntryType">Its type; of size 0×0 where pictures of all sizes may enter.</param>
internal sealed record DetectorChain(ITransformer[] Steps, string Entry, ImageDataViewType EntryType)
{
    public AnomalyTransformer Detector => (AnomalyTransformer)Steps[^1];

    /// <summary>Whether the chain brings pictures to the detector's size by itself.</summary>
    public bool Resizes => EntryType.Width == 0 && Steps.OfType<ImageResizingTransformer>().Any();

    /// <summary>Finds it in a model.</summary>
    /// <exception cref="UsageException">The model is no detector with maps, or starts from something else than pictures.</exception>
    public static DetectorChain In(ITransformer model, DataViewSchema inputSchema)
    {
        ITransformer[] all = [.. Flatten(model)];
        int end = Array.FindIndex(all, step => step is AnomalyTransformer);
        if (end < 0)
        {
            string names = string.Join(", ", all.Select(step => step.GetType().Name));
            throw new UsageException($"it holds no anomaly detector but {names}. Make one: ml.Generative().DetectAnomalies(model, …).Fit(normal).");
        }
        var detector = (AnomalyTransformer)all[end];
        if (detector.AnomalyMapColumnName is null)
            throw new UsageException("its detector makes no maps. Set AnomalyOptions.AnomalyMapColumnName before Fit.");

        int loader = Array.FindLastIndex(all, end, step => step is ImageLoadingTransformer);
        ITransformer[] steps = all[(loader + 1)..(end + 1)];
        if (loader >= 0)
            return new(steps, Loaded(all[..loader], all[loader], inputSchema), new ImageDataViewType());
        DataViewSchema.Column[] pictures = [.. inputSchema.Where(column => column.Type is ImageDataViewType && !column.IsHidden)];
        return pictures.Length switch
        {
            1 => new(steps, pictures[0].Name, (ImageDataViewType)pictures[0].Type),
            // A detector reads pictures also where it was fitted to vectors of their pixels.
            0 when steps.Length == 1 => new(steps, detector.InputColumnName, new ImageDataViewType()),
            _ => throw new UsageException(
                $"its chain starts from {pictures.Length} columns of pictures ({string.Join(", ", inputSchema.Select(column => column.Name))}); "
                + "expected LoadImages, one column of pictures, or the detector alone."),
        };
    }

    /// <summary>The one column that <c>LoadImages</c> makes.</summary>
    private static string Loaded(ITransformer[] before, ITransformer loader, DataViewSchema inputSchema)
    {
        DataViewSchema schema = before.Aggregate(inputSchema, (columns, step) => step.GetOutputSchema(columns));
        DataViewSchema.Column[] made = [.. loader.GetOutputSchema(schema).Skip(schema.Count)];
        return made is [{ Type: ImageDataViewType } picture]
            ? picture.Name
            : throw new UsageException($"its LoadImages makes {made.Length} columns, not one of pictures.");
    }

    private static IEnumerable<ITransformer> Flatten(ITransformer transformer)
        => transformer is IEnumerable<ITransformer> chain ? chain.SelectMany(Flatten) : [transformer];
}
