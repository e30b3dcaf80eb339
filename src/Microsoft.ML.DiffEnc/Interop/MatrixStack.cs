namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Matrices of one shape, one behind the other, each row by row.</summary>
/// <param name="first">The first number of the first.</param>
/// <param name="rows">As they lie in memory.</param>
/// <param name="columns">As they lie in memory.</param>
/// <param name="transposed">Whether a product takes each transposed.</param>
internal readonly unsafe struct MatrixStack(float* first, int rows, int columns, bool transposed = false)
{
    public float* First { get; } = first;

    public int Rows => rows;

    public int Columns => columns;

    public bool Transposed => transposed;

    /// <summary>From the first number of a matrix to that of the next.</summary>
    public nint Step => (nint)rows * columns;

    /// <summary>The same, each transposed in a product.</summary>
    public MatrixStack T => new(First, rows, columns, !transposed);

    public float* At(int matrix) => First + matrix * Step;
}
