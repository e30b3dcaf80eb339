using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Images of a column, and their names, row by row, for what becomes files of them.</summary>
internal static class ImageFiles
{
    /// <summary>The images of a column, each good until the next is asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type.</exception>
    /// <exception cref="InvalidOperationException">A row has no image.</exception>
    public static IEnumerable<(MLImage Image, string? Name)> Read(IDataView data, string imageColumnName, string? nameColumnName)
    {
        // Columns are looked at now, not when the first image is asked for.
        var image = ImageOf(data.Schema, imageColumnName);
        DataViewSchema.Column? name = nameColumnName is null ? null : NameOf(data.Schema, nameColumnName);
        return Rows(data, image, name);
    }

    /// <summary>Saves images into a folder.</summary>
    /// <param name="images">The images; those without a name are called by their number.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="overwrite">Whether files of the same names are replaced.</param>
    /// <returns>The files' paths.</returns>
    public static IReadOnlyList<string> Save(IEnumerable<(MLImage Image, string? Name)> images, string folder, bool overwrite)
    {
        Directory.CreateDirectory(folder);
        var names = new FileNames(folder, overwrite);
        List<string> paths = [];
        foreach (var (image, name) in images)
        {
            string path = names.Claim(name ?? paths.Count.ToString("D6", CultureInfo.InvariantCulture), paths.Count);
            using var bitmap = PngFile.ToBitmap(image);
            PngFile.Write(path, bitmap);
            paths.Add(path);
        }
        return paths;
    }

    private static IEnumerable<(MLImage Image, string? Name)> Rows(IDataView data, DataViewSchema.Column image, DataViewSchema.Column? name)
    {
        using var cursor = data.GetRowCursor(name is { } also ? [image, also] : [image]);
        var getImage = cursor.GetGetter<MLImage>(image);
        var getName = name is { } column ? NameGetter(cursor, column) : null;
        MLImage current = null!;
        while (cursor.MoveNext())
        {
            getImage(ref current);
            if (current is null)
                throw new InvalidOperationException(
                    $"Row {cursor.Position} of the image column '{image.Name}' holds no image (null). " +
                    "LoadImages leaves it so where a path is empty or the file cannot be decoded: remove such rows.");
            yield return (current, getName?.Invoke());
        }
    }

    private static Func<string> NameGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not TextDataViewType)
            return Read<long>(value => value.ToString(CultureInfo.InvariantCulture));
        return Read<ReadOnlyMemory<char>>(value => value.ToString());

        Func<string> Read<T>(Func<T, string> text)
        {
            var get = row.GetGetter<T>(column);
            return () =>
            {
                T value = default!;
                get(ref value);
                return text(value);
            };
        }
    }

    private static DataViewSchema.Column ImageOf(DataViewSchema schema, string name)
    {
        var column = Find(schema, name, "image");
        return column.Type.RawType == typeof(MLImage)
            ? column
            : throw SchemaMismatch.Error(
                nameof(name),
                $"The image column '{name}' is {column.Type}; expected MLImage. Make images of vectors: Transforms.ConvertToImage(…, \"{name}\").");
    }

    private static DataViewSchema.Column NameOf(DataViewSchema schema, string name)
    {
        var column = Find(schema, name, "name");
        return column.Type is TextDataViewType || column.Type == NumberDataViewType.Int64
            ? column
            : throw SchemaMismatch.Error(
                nameof(name),
                $"The name column '{name}' is {column.Type}; expected a text or Int64. Convert it: Conversion.ConvertType(\"{name}\", outputKind: " +
                "DataKind.String).");
    }

    private static DataViewSchema.Column Find(DataViewSchema schema, string name, string what)
        => schema.GetColumnOrNull(name)
            ?? throw SchemaMismatch.Error(nameof(name), $"There is no {what} column '{name}'. The columns are: {SchemaMismatch.Names(schema)}.");
}
