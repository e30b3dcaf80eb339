using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public sealed class ImageFolderTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-folder-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Save(string relative, byte grey, int width = 6, int height = 4)
    {
        string path = Path.Combine(_folder.FullName, relative.Replace('/', Path.DirectorySeparatorChar));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var image = Pictures.Image(Enumerable.Repeat(grey, width * height).ToArray(), width, height);
        image.Save(path);
        return path;
    }

    private string[] Relative(IDataView data)
        => [.. data.GetColumn<string>("Path").Select(p => Path.GetRelativePath(_folder.FullName, p).Replace(Path.DirectorySeparatorChar, '/'))];

    [Fact]
    public void Pictures_of_all_folders_are_found_in_one_order_with_the_first_folder_as_label()
    {
        Save("b/2.png", 20);
        Save("a/deep/1.PNG", 11);
        Save("a/10.png", 10);
        Save("a.b/0.png", 5); // '.' sorts before '/'
        File.WriteAllText(Path.Combine(_folder.FullName, "a", "notes.txt"), "no picture");
        File.WriteAllText(Path.Combine(_folder.FullName, "a", "._10.png"), "what a Mac leaves");
        IDataView data = _ml.Data.LoadFromImageFolder(_folder.FullName, labelFromFolder: true);
        Assert.Equal(["a.b/0.png", "a/10.png", "a/deep/1.PNG", "b/2.png"], Relative(data));
        Assert.Equal(["a.b", "a", "a", "b"], data.GetColumn<string>("Label"));
        Assert.Equal(4, data.GetRowCount());
        Assert.Equal(["Path", "Image", "Label"], data.Schema.Select(c => c.Name));
        Assert.Equal(["Path", "Image"], _ml.Data.LoadFromImageFolder(_folder.FullName).Schema.Select(c => c.Name));
    }

    [Fact]
    public void A_seed_decides_a_random_order_with_labels_and_pictures_that_belong_together()
    {
        for (int i = 0; i < 20; i++)
            Save($"{(i < 10 ? "a" : "b")}/{i}.png", (byte)i);
        IDataView Shuffled(int seed) => _ml.Data.LoadFromImageFolder(_folder.FullName, labelFromFolder: true, seed);
        string[] Order(IDataView data) => [.. Relative(data)];
        string[] sorted = Order(_ml.Data.LoadFromImageFolder(_folder.FullName)), one = Order(Shuffled(1));
        Assert.Equal(sorted.Order(), one.Order());
        Assert.Equal(one, Order(Shuffled(1)));
        Assert.NotEqual(one, Order(Shuffled(2)));
        string[] labels = [.. Shuffled(1).GetColumn<string>("Label")];
        Assert.Equal(one.Select(path => path[..1]), labels);
        Assert.Equal(2, labels[..8].Distinct().Count());
    }

    [Fact]
    public void Pictures_of_any_size_go_through_ML_NETs_transforms()
    {
        Save("1.png", 10, 6, 4);
        Save("2.png", 200, 16, 16);
        IDataView data = _ml.Data.LoadFromImageFolder(_folder.FullName);
        IDataView pixels = _ml.Transforms.ResizeImages("Image", 8, 8)
            .Append(_ml.Transforms.ExtractPixels("Pixels", "Image")).Fit(data).Transform(data);
        Assert.Equal([10f, 200f], pixels.GetColumn<float[]>("Pixels").Select(p => p.Distinct().Single()));
    }

    [Fact]
    public void Only_pictures_that_are_asked_for_are_decoded_and_the_broken_one_is_named()
    {
        Save("1.png", 10);
        string broken = Path.Combine(_folder.FullName, "2.png");
        File.WriteAllBytes(broken, [1, 2, 3]);
        IDataView data = _ml.Data.LoadFromImageFolder(_folder.FullName);
        Assert.Equal(2, data.GetColumn<string>("Path").Count());
        using var cursor = data.GetRowCursor(data.Schema);
        var get = cursor.GetGetter<MLImage>(data.Schema["Image"]);
        MLImage image = null!;
        Assert.True(cursor.MoveNext());
        get(ref image);
        Assert.Equal((6, 4), (image.Width, image.Height));
        Assert.True(cursor.MoveNext());
        Assert.Contains($"'{broken}'", Assert.Throws<InvalidDataException>(() => get(ref image)).Message, StringComparison.Ordinal);
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        Assert.Equal(-1, cursor.Position);
        Assert.Throws<InvalidOperationException>(() => get(ref image));
    }

    [Fact]
    public void Shuffled_rows_stay_aligned()
    {
        for (int i = 0; i < 12; i++)
            Save($"{i:D2}/x.png", (byte)(20 * i));
        IDataView data = _ml.Data.LoadFromImageFolder(_folder.FullName, labelFromFolder: true);
        using var cursor = data.GetRowCursor(data.Schema, new Random(3));
        var label = cursor.GetGetter<ReadOnlyMemory<char>>(data.Schema["Label"]);
        var image = cursor.GetGetter<MLImage>(data.Schema["Image"]);
        var id = cursor.GetIdGetter();
        List<int> order = [];
        MLImage picture = null!;
        while (cursor.MoveNext())
        {
            ReadOnlyMemory<char> text = default;
            DataViewRowId row = default;
            label(ref text);
            image(ref picture);
            id(ref row);
            order.Add(int.Parse(text.Span, System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal((20 * order[^1], (ulong)order[^1]), (picture.Pixels[0], row.Low));
        }
        picture.Dispose();
        Assert.Equal(Enumerable.Range(0, 12), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 12), order);
    }

    [Fact]
    public void Folders_that_are_missing_empty_or_without_classes_are_refused()
    {
        var missing = Assert.Throws<DirectoryNotFoundException>(() => _ml.Data.LoadFromImageFolder("nowhere"));
        Assert.Contains("'nowhere'", missing.Message, StringComparison.Ordinal);
        var empty = Assert.Throws<InvalidDataException>(() => _ml.Data.LoadFromImageFolder(_folder.FullName));
        Assert.Contains(".webp", empty.Message, StringComparison.Ordinal);
        Save("a/1.png", 1);
        Save("2.png", 1);
        var error = Assert.Throws<InvalidDataException>(() => _ml.Data.LoadFromImageFolder(_folder.FullName, labelFromFolder: true));
        Assert.Contains("'2.png'", error.Message, StringComparison.Ordinal);
        Assert.Contains("labelFromFolder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_read_as_something_else_or_not_asked_for_are_refused()
    {
        Save("1.png", 10);
        IDataView data = _ml.Data.LoadFromImageFolder(_folder.FullName);
        using var cursor = data.GetRowCursor([data.Schema["Path"]]);
        Assert.True(cursor.IsColumnActive(data.Schema["Path"]));
        var inactive = Assert.Throws<ArgumentException>(() => cursor.GetGetter<MLImage>(data.Schema["Image"]));
        Assert.Contains("'Image' is not active", inactive.Message, StringComparison.Ordinal);
        var wrongType = Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(data.Schema["Path"]));
        Assert.Contains("'Path'", wrongType.Message, StringComparison.Ordinal);
    }
}
