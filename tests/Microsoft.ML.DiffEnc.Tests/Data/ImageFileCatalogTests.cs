using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms.Image;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public sealed class ImageFileCatalogTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_of_files_has_the_pixels_of_the_rows_under_their_numbers()
    {
        string folder = Path.Combine(_folder, "made");
        var paths = _ml.Data.SaveImages(Named(3), folder);
        Assert.Equal(["000000.png", "000001.png", "000002.png"], paths.Select(Path.GetFileName));
        Assert.Equal(paths.Order(), Directory.GetFiles(folder).Order());
        for (int i = 0; i < 3; i++)
            AssertPixels(Pictures.Pixels(i, 3), paths[i]);
    }

    [Fact]
    public void Names_come_from_a_column_with_or_without_their_extension()
    {
        var paths = _ml.Data.SaveImages(Named(2, "b.png", "a"), _folder, nameColumnName: "Name");
        Assert.Equal(["b.png", "a.png"], paths.Select(Path.GetFileName));
        AssertPixels(Pictures.Pixels(1, 3), paths[1]);
        var numbers = _ml.Data.SaveImages(Named(1), _folder, nameColumnName: "Index");
        Assert.Equal("40.png", Path.GetFileName(numbers[0]));
    }

    [Theory]
    [InlineData("../up")]
    [InlineData("/root")]
    [InlineData("a\\b")]
    [InlineData("C:x")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a ")]
    [InlineData("a\nb")]
    [InlineData("nul")]
    [InlineData("com1.x")]
    public void Names_that_lead_elsewhere_or_are_none_are_refused_and_nothing_is_written(string name)
    {
        string folder = Path.Combine(_folder, "inner");
        var error = Assert.Throws<InvalidOperationException>(() => _ml.Data.SaveImages(Named(1, name), folder, nameColumnName: "Name"));
        Assert.Contains("Row 0 has the file name", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_name_twice_is_refused_and_files_are_only_replaced_when_asked()
    {
        Assert.Throws<InvalidOperationException>(() => _ml.Data.SaveImages(Named(2, "A", "a.PNG"), _folder, nameColumnName: "Name"));
        AssertPixels(Pictures.Pixels(0, 3), Path.Combine(_folder, "A.png"));
        string path = Path.Combine(_folder, "000000.png");
        File.WriteAllText(path, "mine");
        Assert.Contains("overwrite: true", Assert.Throws<IOException>(() => _ml.Data.SaveImages(Named(1), _folder)).Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
        _ml.Data.SaveImages(Named(1), _folder, overwrite: true);
        AssertPixels(Pictures.Pixels(0, 3), path);
    }

    [Fact]
    public void A_sheet_shows_every_pixel_enlarged_in_rows()
    {
        string path = Path.Combine(_folder, "sheet.png");
        _ml.Data.SaveContactSheet(Named(3), path, options: new() { Columns = 2, Scale = 3, Gap = 4 });
        using var sheet = MLImage.CreateFromFile(path);
        Assert.Equal((2 * (24 + 4) + 4, 2 * (24 + 4) + 4), (sheet.Width, sheet.Height));
        byte[] expected = Pictures.Pixels(2, 3); // second row, first column
        for (int y = 0; y < 24; y++)
            for (int x = 0; x < 24; x++)
                Assert.Equal(Colour(expected, y / 3 * 8 + x / 3), At(sheet, 4 + x, 32 + y));
        Assert.Equal((255, 255, 255), At(sheet, 32 + 5, 32 + 5)); // nothing is in the last cell
        Assert.Equal((255, 255, 255), At(sheet, 0, 0));
    }

    [Fact]
    public void A_sheet_of_images_in_memory_chooses_its_scale_and_is_as_wide_as_they_need()
    {
        string path = Path.Combine(_folder, "sheet.png");
        MLImage[] images = [Pictures.Image(Pictures.Pixels(0), 8, 8), Pictures.Image(new byte[42 * 20], 42, 20)];
        images.SaveContactSheet(path);
        using var sheet = MLImage.CreateFromFile(path);
        Assert.Equal((8 + 2 * (84 + 8), 8 + 40 + 8), (sheet.Width, sheet.Height));
        Assert.Equal(2, images.SaveImages(_folder).Count);
    }

    [Fact]
    public void What_cannot_be_drawn_or_saved_is_refused_with_its_name()
    {
        void Refused<T>(string part, Action act) where T : Exception => Assert.Contains(part, Assert.Throws<T>(act).Message, StringComparison.Ordinal);
        string path = Path.Combine(_folder, "sheet.png");
        Refused<ArgumentOutOfRangeException>("no image column 'Picture'", () => _ml.Data.SaveContactSheet(Named(1), path, "Picture"));
        Refused<ArgumentOutOfRangeException>("expected MLImage", () => _ml.Data.SaveImages(Named(1), _folder, "Name"));
        Refused<ArgumentOutOfRangeException>("expected a text or Int64", () => _ml.Data.SaveImages(Named(1), _folder, nameColumnName: "Image"));
        Refused<ArgumentOutOfRangeException>("Columns is 0", () => _ml.Data.SaveContactSheet(Named(1), path, options: new() { Columns = 0 }));
        Refused<ArgumentOutOfRangeException>("Scale is 0", () => _ml.Data.SaveContactSheet(Named(1), path, options: new() { Scale = 0 }));
        Refused<InvalidOperationException>("at most 16384", () => _ml.Data.SaveContactSheet(Named(1), path, options: new() { Scale = 3000 }));
        Refused<InvalidOperationException>("no images", () => _ml.Data.SaveContactSheet(Named(0), path));
        Refused<InvalidOperationException>("holds no image", () => _ml.Data.SaveImages(_ml.Data.LoadFromEnumerable([new Row()]), _folder));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private IDataView Named(int count, params string[] names) => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Row
    {
        Name = names.Length > i ? names[i] : $"name {i}",
        Index = 40 + i,
        Image = Pictures.Image(Pictures.Pixels(i, 3), 8, 8),
    }));

    private static (int, int, int) Colour(byte[] pixels, int place) => (pixels[place], pixels[64 + place], pixels[128 + place]);

    private static (int Red, int Green, int Blue) At(MLImage image, int x, int y)
    {
        var pixel = image.Pixels.Slice(4 * (y * image.Width + x), 4);
        return image.PixelFormat == MLPixelFormat.Bgra32 ? (pixel[2], pixel[1], pixel[0]) : (pixel[0], pixel[1], pixel[2]);
    }

    private static void AssertPixels(byte[] expected, string path)
    {
        using var image = MLImage.CreateFromFile(path);
        for (int i = 0; i < 64; i++)
            Assert.Equal(Colour(expected, i), At(image, i % 8, i / 8));
    }

    private sealed class Row
    {
        public string Name { get; set; } = "";

        public long Index { get; set; }

        [ImageType(8, 8)]
        public MLImage? Image { get; set; }
    }
}
