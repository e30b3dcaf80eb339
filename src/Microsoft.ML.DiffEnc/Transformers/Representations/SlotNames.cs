using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>Names of features: <c>t=0.3 mid2[5,0,1]</c>, the channel and the place within it.</summary>
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
            foreach (string place in Places(transformer.FeatureShape))
                editor.Values[slot++] = (prefix + place).AsMemory();
        }
        names = editor.Commit();
    }

    private static IEnumerable<string> Places(IReadOnlyList<long> shape)
    {
        if (shape.Count == 1) // one number
        {
            yield return "";
            yield break;
        }
        for (long c = 0; c < shape[0]; c++)
            for (long y = 0; y < shape[1]; y++)
                for (long x = 0; x < shape[2]; x++)
                    yield return string.Create(CultureInfo.InvariantCulture, $"[{c},{y},{x}]");
    }
}
