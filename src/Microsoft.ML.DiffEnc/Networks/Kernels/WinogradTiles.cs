namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// What lies between the steps of a convolution by <see cref="Winograd"/>'s products: 36 matrices, one for each product, of a row for each channel and a
/// column for each tile of some images, which stand one behind the other.
/// </summary>
/// <param name="first">The first number of all.</param>
/// <param name="channels">The rows of a matrix.</param>
/// <param name="perImage">The tiles of an image.</param>
/// <param name="images">The images.</param>
internal readonly unsafe struct WinogradTiles(float* first, int channels, int perImage, int images)
{
    /// <summary>The columns that the products are computed for at a time; the last may lie behind the last tile.</summary>
    public const int Panel = 2 * Simd.Lanes;

    public int Channels => channels;

    /// <summary>The tiles of all images.</summary>
    public int Count => perImage * images;

    /// <summary>From a row to the next. An odd number of cache lines: the rows of a panel then lie in different places of the cache.</summary>
    public nint Pitch { get; } = PitchOf(perImage * images);

    /// <summary>From a tile's number in one matrix to that in the next.</summary>
    public nint Step => channels * Pitch;

    /// <summary>The numbers that such tiles need.</summary>
    public static nint Size(int channels, int perImage, int images) => Winograd.Products * channels * PitchOf(perImage * images);

    public float* Matrix(int product) => first + product * Step;

    /// <summary>The first tile of an image's channel, in the first matrix.</summary>
    public float* Plane(int channel, int image) => first + channel * Pitch + image * perImage;

    private static nint PitchOf(int tiles) => (((tiles + Panel - 1) / Panel) | 1) * Panel;
}
