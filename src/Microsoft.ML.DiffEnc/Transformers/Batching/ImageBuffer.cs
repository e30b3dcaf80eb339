using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>Buffers images, as pixels.</summary>
/// <remarks>
/// An <see cref="MLImage"/> from a getter is only good until the next row: LoadImages and ResizeImages dispose of what they gave before, and
/// LoadFromEnumerable gives the caller's own object. So the pixels are copied out at once, and what a getter gave is neither kept nor disposed of.
/// Every reading gives the consumer a new image, as it would get without us.
/// </remarks>
internal sealed class ImageBuffer(ValueGetter<MLImage> source, int capacity) : ColumnBuffer
{
    private readonly Slot[] _slots = new Slot[capacity];
    private MLImage _current = null!;

    public override void Fetch(int slot)
    {
        source(ref _current);
        _slots[slot].Set(_current);
    }

    public override Delegate CreateGetter(Func<int> currentSlot) => (ValueGetter<MLImage>)((ref MLImage value) =>
    {
        value?.Dispose();
        value = _slots[currentSlot()].ToImage()!;
    });

    private struct Slot
    {
        private bool _isNull;
        private int _width, _height;
        private MLPixelFormat _format;
        private string? _tag;
        private byte[]? _pixels; // at least as long as the image
        private int _length;

        public void Set(MLImage? image)
        {
            _isNull = image is null;
            if (image is null)
                return;
            (_width, _height, _format, _tag) = (image.Width, image.Height, image.PixelFormat, image.Tag);
            ReadOnlySpan<byte> pixels = image.Pixels;
            _length = pixels.Length;
            if (_pixels is null || _pixels.Length < _length)
                _pixels = new byte[_length];
            pixels.CopyTo(_pixels);
        }

        public readonly MLImage? ToImage()
        {
            if (_isNull)
                return null;
            MLImage image = MLImage.CreateFromPixels(_width, _height, _format, _pixels.AsSpan(0, _length));
            image.Tag = _tag;
            return image;
        }
    }
}
