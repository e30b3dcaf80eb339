using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>The mean that rectified features are centred with: of each feature, over the first images of the data that <c>Fit</c> sees.</summary>
internal static class FeatureMean
{
    /// <summary>At most so many images: their mean is close to that of all, and a pass over large data costs no more.</summary>
    public const int MostImages = 1000;

    private const string Mean = "mean";

    /// <summary>Goes through the first images once, a batch at a time. No column but that of the images is read.</summary>
    /// <returns>One value a feature.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="InvalidOperationException">There are no images, one is missing or of another size, or a feature is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled through the <see cref="MLContext"/>.</exception>
    public static float[] Learn(IHost host, DiffEncTransformer model, FeatureDescription features, IDataView input)
    {
        FeatureExtractor extractor = model.Compute(m => new FeatureExtractor(m, features));
        int size = extractor.Size, rows = RepresentationTransformer.RowsInBatch(size, model.ImageColumn.ValuesPerImage), seen = 0;
        var pixels = new byte[rows * model.ImageColumn.ValuesPerImage];
        var values = new float[rows * size];
        var sums = new double[size];
        foreach (int read in PixelBatches.Read(host, input, model.ImageColumn, pixels, CancellationToken.None))
        {
            int count = Math.Min(read, MostImages - seen);
            model.Compute(_ =>
            {
                extractor.Extract(pixels.AsSpan(0, count * model.ImageColumn.ValuesPerImage), count, values);
                return count;
            });
            for (int i = 0; i < count * size; i++)
                sums[i % size] += values[i];
            seen += count;
            if (seen == MostImages)
                break;
        }
        float[] mean = [.. sums.Select(sum => (float)(sum / seen))];
        return mean.All(float.IsFinite) ? mean : throw new InvalidOperationException(
            "The model's features of these images are not finite, so that they have no mean. Check that the training went well.");
    }

    /// <summary>Features less their mean, times <see cref="RectifiedFeatures.CentredScale"/>.</summary>
    /// <param name="features">Of one or more images, one after the other.</param>
    /// <param name="mean">As many values as an image has features.</param>
    public static void Centre(Span<float> features, float[] mean)
    {
        for (int i = 0; i < features.Length; i++)
            features[i] = (features[i] - mean[i % mean.Length]) * RectifiedFeatures.CentredScale;
    }

    public static void Write(Stream stream, float[] mean)
    {
        using var values = tensor(mean);
        Safetensors.Write(stream, new Dictionary<string, Tensor> { [Mean] = values });
    }

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">The entry is damaged.</exception>
    public static float[] Read(Stream stream)
    {
        using var content = Safetensors.Read(stream);
        if (content.Tensors.TryGetValue(Mean, out var values) && values.dtype == ScalarType.Float32 && values.dim() == 1)
        {
            float[] mean = values.data<float>().ToArray();
            if (mean.All(float.IsFinite))
                return mean;
        }
        throw new InvalidDataException($"The representation's file lacks '{Mean}', or it is no vector of finite floats. Save the model again.");
    }
}
