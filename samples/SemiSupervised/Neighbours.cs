using System.Numerics.Tensors;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace SemiSupervised;

/// <summary>The training pictures that are most like a test picture: those whose features have the smallest angle to its own.</summary>
internal sealed class Neighbours(LabeledPictures pictures, PictureFeatures features)
{
    /// <summary>How many are looked at.</summary>
    public const int Count = 9;

    /// <summary>The share of them, over all test pictures, that are of the picture's own class.</summary>
    public double ShareOfOwnClass()
        => pictures.Test.Select((test, i) => Nearest(i).Average(n => pictures.Train[n].Class == test.Class ? 1.0 : 0)).Average();

    /// <summary>Draws the first test picture of each class, and its neighbours beside it: a row for each class.</summary>
    public void Save(string path)
    {
        IEnumerable<int> queries = Enumerable.Range(0, pictures.Classes).Select(c => Array.FindIndex(pictures.Test, p => p.Class == c)).Where(i => i >= 0);
        IEnumerable<LabeledPicture> cells = queries.SelectMany(q => (LabeledPicture[])[pictures.Test[q], .. Nearest(q).Select(n => pictures.Train[n])]);
        cells.Select(ToImage).SaveContactSheet(path, new() { Columns = 1 + Count, Scale = 2 });
    }

    private IEnumerable<int> Nearest(int test)
    {
        float[] query = features.Test[test];
        float[] unlike = Array.ConvertAll(features.Train, f => -TensorPrimitives.CosineSimilarity(query, f));
        int[] order = [.. Enumerable.Range(0, unlike.Length)];
        Array.Sort(unlike, order);
        return order.Take(Count);
    }

    private MLImage ToImage(LabeledPicture picture) => MLImage.CreateFromPixels(
        pictures.Width, pictures.Height, MLPixelFormat.Bgra32, [.. picture.Pixels.SelectMany(v => (byte[])[v, v, v, byte.MaxValue])]);
}
