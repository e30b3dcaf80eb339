namespace Microsoft.ML.DiffEnc.Data;

/// <summary>A row of the data views that <see cref="ImageDatasetCatalog"/> makes; its properties are their columns.</summary>
internal sealed class LabeledImage
{
    /// <summary>Pixels 0..255, channels first: all of channel 0 row by row, then channel 1, …</summary>
    public byte[] Image { get; set; } = [];

    /// <summary>Class number as the file has it, from 0.</summary>
    public uint Label { get; set; }
}
