using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>A column of images that a transformer adds, all of the model's size.</summary>
internal static class AddedImage
{
    /// <summary>The column as it is appended to a schema.</summary>
    public static DataViewSchema.DetachedColumn Column(string name, ImageColumn size) => new(name, new ImageDataViewType(size.Height, size.Width));

    /// <summary>The shape that <paramref name="inputSchema"/> gets when the column is appended.</summary>
    public static SchemaShape AppendTo(SchemaShape inputSchema, string name, ImageColumn size)
    {
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(c => c.Name);
        columns[name] = new(name, SchemaShape.Column.VectorKind.Scalar, new ImageDataViewType(size.Height, size.Width), isKey: false);
        return new SchemaShape(columns.Values);
    }

    /// <summary>A getter of the image in the current slot.</summary>
    /// <param name="size">The images' size.</param>
    /// <param name="pixels">The pixels of all slots, channels first.</param>
    /// <param name="computedSlot">Says which slot is current, after its image was made.</param>
    public static ValueGetter<MLImage> Getter(ImageColumn size, Func<byte[]> pixels, Func<int> computedSlot) => (ref MLImage value) =>
    {
        int slot = computedSlot();
        value?.Dispose();
        value = MLImages.FromPixels(pixels().AsSpan(slot * size.ValuesPerImage, size.ValuesPerImage), size.Width, size.Height);
    };
}
