using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>The images of one cursor over a generation: those of one pass are held, so that memory does not grow with the number of rows.</summary>
internal sealed class GeneratedImages
{
    private readonly DiffEncTransformer _transformer;
    private readonly int _count;
    private readonly GenerationOptions _options;
    private readonly ImageColumn _size;
    private readonly int _together;
    private byte[] _pixels = [];
    private int _first = -1;

    private GeneratedImages(DiffEncTransformer transformer, int count, GenerationOptions options)
        => (_transformer, _count, _options, _size, _together)
            = (transformer, count, options, transformer.ImageColumn, Sampler.ImagesPerPass(transformer.Model, options));

    /// <summary>A view of the columns <c>Index</c> and the one that the transformer reads images from.</summary>
    /// <param name="transformer">Whose images.</param>
    /// <param name="count">The number of rows.</param>
    /// <param name="options">How they are made; not to be changed any more.</param>
    public static IDataView View(DiffEncTransformer transformer, int count, GenerationOptions options)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Index", NumberDataViewType.Int64);
        schema.AddColumn(transformer.ImageColumn.Name, new ImageDataViewType(transformer.ImageColumn.Height, transformer.ImageColumn.Width));
        return new NumberedView(schema.ToSchema(), count, row =>
        {
            var images = new GeneratedImages(transformer, count, options);
            return
            [
                (ValueGetter<long>)((ref long value) => value = row()),
                (ValueGetter<MLImage>)((ref MLImage value) =>
                {
                    ReadOnlySpan<byte> pixels = images.Pixels(row());
                    value?.Dispose();
                    value = MLImages.FromPixels(pixels, images._size.Width, images._size.Height);
                }),
            ];
        }, canShuffle: false); // a shuffled order would make a pass for nearly every row
    }

    private ReadOnlySpan<byte> Pixels(int row)
    {
        int first = row - row % _together;
        if (first != _first)
            (_pixels, _first) = (_transformer.GeneratePass(first, _count, _options), first);
        return _pixels.AsSpan((row - first) * _size.ValuesPerImage, _size.ValuesPerImage);
    }
}
