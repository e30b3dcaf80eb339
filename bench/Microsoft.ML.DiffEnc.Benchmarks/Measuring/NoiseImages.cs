using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>Images of random pixels: what is computed takes as long on them as on any.</summary>
internal static class NoiseImages
{
    /// <summary>Some images, one after the other, channels first.</summary>
    public static byte[] Bytes(ModelDescription model, int count)
    {
        var pixels = new byte[count * model.Dimensions];
        new Random(1).NextBytes(pixels);
        return pixels;
    }

    /// <summary>The same, read as a training reads them.</summary>
    public static PixelTable Table(ModelDescription model, int count)
    {
        var ml = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, model.Dimensions);
        var rows = Bytes(model, count).Chunk(model.Dimensions).Select(pixels => new Row { Image = pixels });
        var column = new ImageColumn(nameof(Row.Image), model.Width, model.Height, model.Channels);
        return PixelTable.Load(
            ((IHostEnvironment)ml).Register("Benchmark"), ml.Data.LoadFromEnumerable(rows, schema), column, CancellationToken.None);
    }

    private sealed class Row
    {
        public byte[] Image { get; set; } = [];
    }
}
