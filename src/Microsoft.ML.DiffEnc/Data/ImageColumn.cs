using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// The column that images are read from, and what it must hold: an <see cref="MLImage"/>, or a vector of a fixed size of <see cref="float"/> or
/// <see cref="byte"/>, with pixel values that are integers from 0 to 255.
/// </summary>
/// <remarks>The trainer (which knows the shape of a schema) and the transformer (which knows the schema) check the same things, here.</remarks>
/// <param name="Name">The column's name.</param>
/// <param name="Width">The images' width in pixels.</param>
/// <param name="Height">The images' height in pixels.</param>
/// <param name="Channels">1 (grey) or 3 (red, green, blue).</param>
/// <param name="Layout">The order of the values, for vector columns.</param>
internal sealed record ImageColumn(string Name, int Width, int Height, int Channels, PixelLayout Layout = PixelLayout.ChannelsFirst)
{
    /// <summary>What it holds, for messages: an image, or a mask.</summary>
    public string Holds { get; init; } = "image";

    /// <summary>The number of values in one image: channels × height × width.</summary>
    public int ValuesPerImage => Channels * Height * Width;

    private string Size => $"{Width}×{Height}";

    private string Expected
        => $"an MLImage of {Size}, " +
            $"or a Vector<Single> or Vector<Byte> of fixed size {ValuesPerImage} ({Channels} × {Height} × {Width}) with values 0..255";

    /// <summary>Checks what an estimator can know before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or cannot hold such images.</exception>
    public void Check(SchemaShape schema)
    {
        if (!schema.TryFindColumn(Name, out SchemaShape.Column column))
            throw Missing(string.Join(", ", schema.Select(c => c.Name)));

        string found = column.Kind switch
        {
            SchemaShape.Column.VectorKind.Scalar => column.ItemType.ToString()!,
            SchemaShape.Column.VectorKind.Vector => $"a Vector<{column.ItemType}>",
            _ => $"a Vector<{column.ItemType}> of unknown size",
        };
        if (column.IsKey)
            throw WrongType("a key", null);
        if (column.Kind == SchemaShape.Column.VectorKind.VariableVector)
            throw UnknownSize(found);
        CheckItems(column.ItemType, column.Kind != SchemaShape.Column.VectorKind.Scalar, found);
    }

    /// <summary>Finds the column in a schema, and checks it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or cannot hold such images.</exception>
    public DataViewSchema.Column Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(Name) ?? throw Missing(SchemaMismatch.Names(schema));
        if (column.Type is not VectorDataViewType vector)
        {
            CheckItems(column.Type, isVector: false, column.Type.ToString()!);
            return column;
        }
        if (!vector.IsKnownSize)
            throw UnknownSize($"a Vector<{vector.ItemType}> of unknown size");
        CheckItems(vector.ItemType, isVector: true, $"a Vector<{vector.ItemType}>");
        if (vector.Size != ValuesPerImage)
            throw WrongType($"a vector of {vector.Size} values", SizeHint(vector.Size));
        CheckLayout(vector);
        return column;
    }

    /// <summary>A reader of this column, bound to a row or cursor in whose schema <see cref="Find"/> succeeds.</summary>
    public PixelReader CreateReader(DataViewRow row)
    {
        DataViewSchema.Column column = Find(row.Schema);
        return column.Type switch
        {
            VectorDataViewType { ItemType: var item } when item == NumberDataViewType.Byte => new BytePixelReader(this, row, column),
            VectorDataViewType => new SinglePixelReader(this, row, column),
            _ => new MLImagePixelReader(this, row, column),
        };
    }

    private void CheckItems(DataViewType itemType, bool isVector, string found)
    {
        if (itemType is ImageDataViewType image && !isVector)
        {
            // A type of size 0×0 says that the size differs from image to image: then each one is checked as it is read.
            if ((image.Width > 0 && image.Width != Width) || (image.Height > 0 && image.Height != Height))
                throw WrongType($"an MLImage of {image.Width}×{image.Height}", $"Resize it: ResizeImages(\"{Name}\", {Width}, {Height}).");
            return;
        }
        if (isVector && (itemType == NumberDataViewType.Single || itemType == NumberDataViewType.Byte))
            return;
        throw WrongType(found, TypeHint(itemType, isVector));
    }

    // ExtractPixels writes the layout into the type: (channels, height, width), or (height, width, channels) when interleaved.
    private void CheckLayout(VectorDataViewType vector)
    {
        var found = vector.Dimensions;
        if (found.Length != 3)
            return;
        int[] planes = [Channels, Height, Width], pixels = [Height, Width, Channels];
        if (found.SequenceEqual(Layout == PixelLayout.ChannelsFirst ? planes : pixels))
            return;
        string dimensions = string.Join(" × ", found);
        PixelLayout other = Layout == PixelLayout.ChannelsFirst ? PixelLayout.Interleaved : PixelLayout.ChannelsFirst;
        throw WrongType(
            $"a vector of {dimensions} values",
            found.SequenceEqual(other == PixelLayout.ChannelsFirst ? planes : pixels)
                ? $"That is PixelLayout.{other}, but PixelLayout.{Layout} was asked for: " +
                  "set the option, or change interleavePixelColors in ExtractPixels."
                : $"Resize the images before ExtractPixels: ResizeImages(…, {Width}, {Height}).");
    }

    private string? TypeHint(DataViewType itemType, bool isVector) => itemType switch
    {
        TextDataViewType => $"Load the pictures from their paths: LoadImages(\"{Name}\", imageFolder, pathColumn).",
        NumberDataViewType when isVector => $"Convert it: Conversion.ConvertType(\"{Name}\", outputKind: DataKind.Single).",
        NumberDataViewType => $"Put the pixels of an image into one vector: Concatenate(\"{Name}\", …).",
        _ => null,
    };

    private string SizeHint(int size) => size switch
    {
        _ when Channels == 1 && size == 3 * ValuesPerImage =>
            "It looks like a colour image: make it grey with ConvertToGrayscale and extract one colour " +
            "(ExtractPixels with colorsToExtract: ColorBits.Red), or set Channels = 3.",
        _ when Channels == 3 && 3 * size == ValuesPerImage =>
            "It looks like a grey image: set Channels = 1.",
        _ when size == ValuesPerImage / Channels * 4 =>
            "It looks like an image with an alpha channel: extract the colours only (ExtractPixels with colorsToExtract: ColorBits.Rgb).",
        _ => $"Resize the images before ExtractPixels: ResizeImages(…, {Width}, {Height}).",
    };

    private ArgumentOutOfRangeException Missing(string names)
        => SchemaMismatch.Error(
            "inputSchema",
            $"There is no {Holds} column '{Name}'. The columns are: {names}. " +
            $"Name the column that holds the {Holds}s, or copy it: CopyColumns(\"{Name}\", …).");

    private ArgumentOutOfRangeException UnknownSize(string found)
        => WrongType(found, "Declare its size: [VectorType(size)] on the member of your class, or ExtractPixels after ResizeImages.");

    private ArgumentOutOfRangeException WrongType(string found, string? hint)
        => SchemaMismatch.Error("inputSchema", $"The {Holds} column '{Name}' is {found}; expected {Expected}.{(hint is null ? "" : " " + hint)}");
}
