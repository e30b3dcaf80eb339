using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>
/// Names of features: <c>t=0.3 mid2[5,0,1]</c>, the channel and the place within it; <c>t=0.3 mid2+[5,0,1]</c> and <c>t=0.3 mid2-[5,0,1]</c> where
/// positive and negative parts of a channel stand apart. The largest values of cells that have two numbers are numbered on from their means.
/// </summary>
internal static class SlotNames
{
    public static void Fill(ref VBuffer<ReadOnlyMemory<char>> names, RepresentationTransformer transformer)
    {
        var editor = VBufferEditor.Create(ref names, transformer.Size);
        int slot = 0;
        FeatureDescription features = transformer.Settings.Features;
        foreach (double time in features.Times)
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"t={time} {features.Block ?? features.Kind.ToString()}");
            foreach (string place in Places(transformer.FeatureShape, features))
                editor.Values[slot++] = (prefix + place).AsMemory();
        }
        names = editor.Commit();
    }

    private static IEnumerable<string> Places(IReadOnlyList<long> shape, FeatureDescription features)
    {
        if (shape.Count == 1) // one number
        {
            yield return "";
            yield break;
        }
        for (long c = 0; c < shape[0]; c++)
        {
            string channel = Channel(c, shape[0], features);
            for (long y = 0; y < shape[1]; y++)
                for (long x = 0; x < shape[2]; x++)
                    yield return string.Create(CultureInfo.InvariantCulture, $"{channel},{y},{x}]");
        }
    }

    private static string Channel(long c, long count, FeatureDescription features)
    {
        if (features.Normalization == FeatureNormalization.None)
            return string.Create(CultureInfo.InvariantCulture, $"[{c}");
        // Means of the positive and of the negative parts, then the same of the largest values.
        long channels = count / (features.Pooling == FeaturePooling.MeanAndMax ? 4 : 2);
        string sign = c / channels % 2 == 0 ? "+" : "-";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}[{c / (2 * channels) * channels + c % channels}");
    }
}
