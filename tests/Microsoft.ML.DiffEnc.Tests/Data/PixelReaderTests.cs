using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public class PixelReaderTests
{
    private const int Width = 3, Height = 2;
    private readonly MLContext _ml = new(seed: 1);
    private readonly byte[] _colours = [.. Enumerable.Range(0, 3 * Width * Height).Select(i => (byte)(14 * i))];

    [Theory]
    [InlineData(MLPixelFormat.Bgra32, 255)]
    [InlineData(MLPixelFormat.Rgba32, 255)]
    [InlineData(MLPixelFormat.Bgra32, 0)]
    public void Images_are_read_channels_first_whatever_their_format_and_alpha(MLPixelFormat format, byte alpha)
    {
        IDataView data = View(Pictures.Image(_colours, Width, Height, format, alpha));
        Assert.Equal(_colours, Read(data, Column(3)));
    }

    [Fact]
    public void An_image_and_the_vectors_extracted_from_it_are_read_alike()
    {
        foreach (bool interleave in new[] { false, true })
            foreach (bool single in new[] { false, true })
            {
                // A new image each time: ExtractPixels disposes of what it has read.
                IDataView data = View(Pictures.Image(_colours, Width, Height));
                IDataView vectors = _ml.Transforms.ExtractPixels("Image", interleavePixelColors: interleave, outputAsFloatArray: single)
                    .Fit(data).Transform(data);
                Assert.Equal(_colours, Read(vectors, Column(3, interleave ? PixelLayout.Interleaved : PixelLayout.ChannelsFirst)));
            }
    }

    [Fact]
    public void Grey_is_what_ConvertToGrayscale_makes_of_a_colour()
    {
        // All greens and blues for some reds, among them many whose weighted sum lies half way between two greys.
        var pixels = new byte[3 * 256 * 256];
        foreach (int red in new[] { 0, 2, 77, 255 })
        {
            for (int i = 0; i < 256 * 256; i++)
                (pixels[i], pixels[65536 + i], pixels[2 * 65536 + i]) = ((byte)red, (byte)i, (byte)(i >> 8));
            IDataView data = _ml.Data.LoadFromEnumerable([new LargeImage { Image = Pictures.Image(pixels, 256, 256) }]);
            IDataView stock = _ml.Transforms.ConvertToGrayscale("Image")
                .Append(_ml.Transforms.ExtractPixels("Image", colorsToExtract: ImagePixelExtractingEstimator.ColorBits.Red))
                .Fit(data).Transform(data);
            var grey = new ImageColumn("Image", 256, 256, 1);
            byte[] ours = Read(data, grey); // first: ExtractPixels disposes of what it has read
            Assert.Equal(Read(stock, grey), ours);
        }
    }

    [Fact]
    public void Sparse_vectors_are_read_with_their_zeros()
    {
        IDataView data = View(Pictures.Image(new byte[] { 0, 0, 9, 0, 0, 0 }, Width, Height));
        Assert.Equal([0, 0, 9, 0, 0, 0], Read(data, Column(1)));
        VBuffer<float> sparse = new(6, 1, [9], [2]);
        var view = new ArrayDataViewBuilder(_ml);
        view.AddColumn("Image", NumberDataViewType.Single, sparse);
        Assert.Equal([0, 0, 9, 0, 0, 0], Read(view.GetDataView(), Column(1)));
    }

    [Fact]
    public void A_missing_image_is_refused_with_its_row()
        => RefusedRow1([Pictures.Image(_colours, Width, Height), null], "Row 1 of the image column 'Image'", "null", "LoadImages");

    [Fact]
    public void A_disposed_image_is_refused_with_its_row()
    {
        MLImage disposed = Pictures.Image(_colours, Width, Height);
        disposed.Dispose();
        RefusedRow1([Pictures.Image(_colours, Width, Height), disposed], "Row 1 of the image column 'Image'", "disposed", "LoadImages of an empty path");
    }

    [Fact]
    public void An_empty_path_behind_ML_NETs_own_loader_and_resizer_is_refused_with_its_row()
    {
        string file = Path.Combine(Path.GetTempPath(), $"diffenc-{Guid.NewGuid():N}.png");
        using (MLImage picture = Pictures.Image(_colours, Width, Height))
            picture.Save(file);
        try
        {
            IDataView paths = _ml.Data.LoadFromEnumerable(new[] { new { Path = file }, new { Path = "" } });
            IDataView images = _ml.Transforms.LoadImages("Image", null, "Path").Append(_ml.Transforms.ResizeImages("Image", Width, Height))
                .Fit(paths).Transform(paths);
            var error = Assert.Throws<InvalidOperationException>(() => ReadAll(images, Column(3)));
            Assert.Contains("Row 1 of the image column 'Image'", error.Message, StringComparison.Ordinal);
            Assert.Contains("LoadImages", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void An_image_of_another_size_is_refused_with_its_row()
        => RefusedRow1(
            [Pictures.Image(_colours, Width, Height), Pictures.Image(_colours, Height, Width)],
            "Row 1", "is 2×3; expected 3×2", "ResizeImages(\"Image\", 3, 2)");

    [Theory]
    [InlineData(float.NaN, "NaN", "ReplaceMissingValues")]
    [InlineData(0.5f, "0.5", "scaled to 0..1")]
    [InlineData(-0.25f, "-0.25", "scaled to 0..1 or -1..1")]
    [InlineData(17.5f, "17.5", "Round")]
    [InlineData(256f, "256", "range")]
    [InlineData(-1f, "-1", "range")]
    [InlineData(float.PositiveInfinity, "Infinity", "range")]
    public void Values_that_are_no_pixel_values_are_refused_with_row_place_and_hint(float value, string shown, string hint)
    {
        var rows = new[] { new SixValues { Image = [0, 1, 2, 3, 4, 255] }, new SixValues { Image = [0, 1, 2, 3, value, 255] } };
        var error = Assert.Throws<InvalidOperationException>(() => ReadAll(_ml.Data.LoadFromEnumerable(rows), Column(1)));
        foreach (string word in new[] { "Row 1 of the image column 'Image'", $"the value {shown} at index 4", "integers from 0 to 255", hint })
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_whole_range_of_pixel_values_is_read_exactly()
    {
        for (int first = 0; first < 256; first += 6)
        {
            float[] values = [.. Enumerable.Range(first, 6).Select(v => (float)Math.Min(v, 255))];
            Assert.Equal(values, Read(_ml.Data.LoadFromEnumerable([new SixValues { Image = values }]), Column(1)).Select(b => (float)b));
        }
    }

    private static ImageColumn Column(int channels, PixelLayout layout = PixelLayout.ChannelsFirst) => new("Image", Width, Height, channels, layout);

    private IDataView View(params MLImage?[] images) => _ml.Data.LoadFromEnumerable(images.Select(i => new SmallImage { Image = i }));

    private void RefusedRow1(MLImage?[] images, params string[] words)
    {
        var error = Assert.Throws<InvalidOperationException>(() => ReadAll(View(images), Column(3)));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private byte[] Read(IDataView data, ImageColumn column) => ReadAll(data, column)[0].ToArray();

    private PixelTable ReadAll(IDataView data, ImageColumn column)
        => PixelTable.Load(((IHostEnvironment)_ml).Register("test"), data, column, CancellationToken.None);

    // ML.NET believes the attribute: it does not look at the images.
    private sealed class SmallImage
    {
        [ImageType(Height, Width)]
        public MLImage? Image { get; set; }
    }

    private sealed class LargeImage
    {
        [ImageType(256, 256)]
        public MLImage? Image { get; set; }
    }

    private sealed class SixValues
    {
        [VectorType(6)]
        public float[] Image { get; set; } = [];
    }
}
