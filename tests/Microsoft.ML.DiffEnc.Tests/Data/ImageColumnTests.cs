using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms.Image;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public class ImageColumnTests
{
    private static readonly ImageColumn _grey = new("Image", 8, 8, 1), _colour = new("Image", 8, 8, 3);
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Images_and_vectors_of_the_right_size_are_accepted()
    {
        // LoadImages does not promise a size: each image is checked as it is read.
        IDataView paths = View(new { Path = "a.png" });
        IDataView anySize = _ml.Transforms.LoadImages("Image", "", "Path").Fit(paths).Transform(paths);
        foreach (IDataView data in new[] { View(new ImageRow()), View(new VectorRow()), View(new ByteRow()), anySize })
        {
            _grey.Check(SchemaShape.Create(data.Schema));
            Assert.Equal("Image", _grey.Find(data.Schema).Name);
        }
    }

    [Fact]
    public void A_missing_column_is_named_beside_those_that_exist()
        => Refused(new { Path = "", Label = 1f }, _grey, "no image column 'Image'", "Path, Label", "CopyColumns");

    [Fact]
    public void Text_is_refused_with_a_hint_at_LoadImages()
        => Refused(new { Image = "a.png" }, _grey, "'Image' is String", "expected an MLImage of 8×8", "LoadImages");

    [Fact]
    public void A_single_number_is_refused_with_a_hint_at_Concatenate() => Refused(new { Image = 1f }, _grey, "'Image' is Single", "Concatenate");

    [Fact]
    public void A_vector_of_doubles_is_refused_with_a_hint_at_ConvertType()
        => Refused(new DoubleRow(), _grey, "Vector<Double>", "Vector<Single> or Vector<Byte>", "ConvertType");

    [Fact]
    public void A_vector_of_unknown_size_is_refused() => Refused(new { Image = new float[64] }, _grey, "unknown size", "VectorType");

    [Fact]
    public void An_image_of_another_size_is_refused_with_a_hint_at_ResizeImages()
        => Refused(
            new ImageRow(), new ImageColumn("Image", 28, 28, 1),
            "'Image' is an MLImage of 8×8", "expected an MLImage of 28×28", "ResizeImages(\"Image\", 28, 28)");

    [Fact]
    public void A_vector_of_another_size_is_refused_with_both_sizes()
        => RefusedBySchema(View(new VectorRow()).Schema, new ImageColumn("Image", 9, 9, 1), "64 values", "81 (1 × 9 × 9)", "ResizeImages");

    [Fact]
    public void A_colour_vector_for_a_grey_model_is_told_from_a_wrong_size()
        => RefusedBySchema(Extracted(), _grey, "192 values", "64 (1 × 8 × 8)", "ConvertToGrayscale", "Channels = 3");

    [Fact]
    public void A_grey_vector_for_a_colour_model_is_told_from_a_wrong_size()
        => RefusedBySchema(View(new VectorRow()).Schema, _colour, "64 values", "Channels = 1");

    [Fact]
    public void An_alpha_channel_is_told_from_a_wrong_size()
        => RefusedBySchema(Extracted(colors: ImagePixelExtractingEstimator.ColorBits.All), _colour, "256 values", "alpha", "ColorBits.Rgb");

    [Theory]
    [InlineData(PixelLayout.ChannelsFirst)]
    [InlineData(PixelLayout.Interleaved)]
    public void A_vector_that_says_the_other_layout_is_refused(PixelLayout layout)
    {
        DataViewSchema right = Extracted(interleave: layout == PixelLayout.Interleaved),
            wrong = Extracted(interleave: layout != PixelLayout.Interleaved);
        ImageColumn column = _colour with { Layout = layout };
        Assert.Equal("Image", column.Find(right).Name);
        RefusedBySchema(wrong, column, $"PixelLayout.{layout} was asked for", "interleavePixelColors");
    }

    [Fact]
    public void Width_and_height_exchanged_are_refused()
        => RefusedBySchema(Extracted(width: 4, height: 16), new ImageColumn("Image", 16, 4, 3), "3 × 16 × 4", "ResizeImages(…, 16, 4)");

    private DataViewSchema Extracted(
        bool interleave = false,
        ImagePixelExtractingEstimator.ColorBits colors = ImagePixelExtractingEstimator.ColorBits.Rgb,
        int width = 8,
        int height = 8)
    {
        IDataView images = View(new ImageRow { Image = Pictures.Image(Pictures.Pixels(1), 8, 8) });
        return _ml.Transforms.ResizeImages("Image", width, height)
            .Append(_ml.Transforms.ExtractPixels("Image", colorsToExtract: colors, interleavePixelColors: interleave))
            .Fit(images).Transform(images).Schema;
    }

    private IDataView View<T>(T row)
        where T : class => _ml.Data.LoadFromEnumerable([row]);

    private void Refused<T>(T row, ImageColumn column, params string[] words)
        where T : class
    {
        DataViewSchema schema = View(row).Schema;
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => column.Check(SchemaShape.Create(schema)));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        RefusedBySchema(schema, column, words);
    }

    private static void RefusedBySchema(DataViewSchema schema, ImageColumn column, params string[] words)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => column.Find(schema));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private sealed class ByteRow
    {
        [VectorType(64)]
        public byte[] Image { get; set; } = [];
    }

    private sealed class DoubleRow
    {
        [VectorType(64)]
        public double[] Image { get; set; } = [];
    }
}
