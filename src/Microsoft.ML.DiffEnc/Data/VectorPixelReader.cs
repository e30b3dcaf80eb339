using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Reads vector columns: the values in either layout, dense or sparse.</summary>
internal abstract class VectorPixelReader<T>(ImageColumn column, DataViewRow row, DataViewSchema.Column source) : PixelReader(column, row)
    where T : unmanaged
{
    private readonly ValueGetter<VBuffer<T>> _getVector = row.GetGetter<VBuffer<T>>(source);
    private readonly T[] _dense = new T[column.ValuesPerImage];
    private VBuffer<T> _vector;

    /// <inheritdoc/>
    public override void Read(Span<byte> pixels)
    {
        _getVector(ref _vector);
        // The values of an empty member of a class arrive as a vector of length 0, whatever size the schema promises.
        if (_vector.Length != _dense.Length)
            throw Refuse($"has {_vector.Length} values; expected {_dense.Length}", "Every row must hold a whole image.");
        _vector.CopyTo(_dense);

        int plane = Column.Width * Column.Height;
        if (Column.Layout == PixelLayout.ChannelsFirst || Column.Channels == 1)
        {
            for (int i = 0; i < _dense.Length; i++)
                pixels[i] = ToPixel(_dense[i], i);
            return;
        }
        for (int i = 0, at = 0; i < plane; i++)
            for (int channel = 0; channel < Column.Channels; channel++, at++)
                pixels[channel * plane + i] = ToPixel(_dense[at], at);
    }

    /// <summary>The pixel value, or an error about the value at <paramref name="index"/> of the vector.</summary>
    protected abstract byte ToPixel(T value, int index);
}
