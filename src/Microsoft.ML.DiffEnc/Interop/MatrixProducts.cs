namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>
/// Many matrix products of one shape in single precision, by the MKL inside libtorch, on memory of our own: libtorch's <c>bmm</c> calls the same
/// function, but TorchSharp's gives each result new memory.
/// </summary>
internal static unsafe class MatrixProducts
{
    // Fortran's interface: everything by address, matrices by columns.
    private static readonly
        delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float**, int*, float**, int*, float*, float**, int*, int*, int*, void> SgemmBatch =
        (delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float**, int*, float**, int*, float*, float**, int*, int*, int*, void>)
        (NativeFiles.Exports("torch_cpu", "SGEMM_BATCH")?[0] ?? 0);

    /// <summary>Whether this libtorch has an MKL that can be called.</summary>
    public static bool Available => SgemmBatch != null;

    /// <summary>c = a b, or c + a b, for each of the matrices.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="a">[rows, inner].</param>
    /// <param name="b">[inner, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="adds">Whether the products are added to what <paramref name="c"/> holds.</param>
    public static void Multiply(int count, MatrixStack a, MatrixStack b, MatrixStack c, bool adds = false)
    {
        float** all = stackalloc float*[3 * count];
        for (int i = 0; i < count; i++)
        {
            all[i] = a.At(i);
            all[count + i] = b.At(i);
            all[2 * count + i] = c.At(i);
        }

        // Rows of ours are columns of Fortran's, so it computes cᵀ = bᵀ aᵀ.
        int rows = c.Columns, columns = c.Rows, inner = a.Transposed ? a.Rows : a.Columns, groups = 1;
        int ofA = a.Columns, ofB = b.Columns, ofC = c.Columns;
        byte opA = Letter(a.Transposed), opB = Letter(b.Transposed);
        float one = 1, beta = adds ? 1 : 0;
        SgemmBatch(&opB, &opA, &rows, &columns, &inner, &one, all + count, &ofB, all, &ofA, &beta, all + 2 * count, &ofC, &groups, &count);
    }

    private static byte Letter(bool transposed) => transposed ? (byte)'T' : (byte)'N';
}
