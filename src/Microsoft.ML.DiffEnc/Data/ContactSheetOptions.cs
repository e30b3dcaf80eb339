namespace Microsoft.ML.DiffEnc;

/// <summary>How images are laid out on a contact sheet.</summary>
public sealed class ContactSheetOptions
{
    /// <summary>How many images stand in a row, at least 1. Default 8.</summary>
    public int Columns = 8;

    /// <summary>
    /// How many pixels wide and high every pixel of an image is drawn, at least 1. <see langword="null"/> (default): so many that an image is about
    /// 84 pixels wide, or high if that is more; 1 for larger images.
    /// </summary>
    public int? Scale;

    /// <summary>Pixels of white between the images and around them, 0 or more. Default 8.</summary>
    public int Gap = 8;
}
