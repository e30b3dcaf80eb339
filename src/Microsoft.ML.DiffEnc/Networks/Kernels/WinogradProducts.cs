using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.DiffEnc.Interop;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// The 36 matrix products of a convolution by <see cref="Winograd"/>'s products, and of its gradients. Their matrices are small, and lie so that nothing
/// has to be copied first, which a general library does for every product. The numbers of channels are multiples of 4.
/// </summary>
internal static unsafe class WinogradProducts
{
    private const int Panel = WinogradTiles.Panel, PanelsAtOnce = 8;

    /// <summary>made = factors · read, the sums over the inputs' channels.</summary>
    /// <param name="factors">[36, out, in].</param>
    /// <param name="read">Of the inputs' channels.</param>
    /// <param name="made">Of the outputs' channels.</param>
    public static void ToOutputs(float* factors, WinogradTiles read, WinogradTiles made) => Multiply(factors, read.Channels, 1, read, made);

    /// <summary>read = factorsᵀ · made, the gradient of what <see cref="ToOutputs"/> reads.</summary>
    /// <param name="factors">[36, out, in].</param>
    /// <param name="made">The gradients of the sums.</param>
    /// <param name="read">Receives the gradient.</param>
    public static void ToInputs(float* factors, WinogradTiles made, WinogradTiles read) => Multiply(factors, 1, read.Channels, made, read);

    /// <summary>factors = made · readᵀ, or that added to them: the gradient of the factors.</summary>
    /// <param name="made">The gradients of the sums.</param>
    /// <param name="read">What <see cref="ToOutputs"/> has read.</param>
    /// <param name="factors">Receives the gradient, [36, out, in].</param>
    /// <param name="adds">Whether it is added.</param>
    public static void ToFactors(WinogradTiles made, WinogradTiles read, float* factors, bool adds)
    {
        int parts = (read.Channels + Panel - 1) / Panel;
        ComputeThreads.For(Winograd.Products * parts, piece =>
        {
            var (product, part) = Math.DivRem(piece, parts);
            int first = part * Panel, columns = Math.Min(Panel, read.Channels - first), rows = made.Channels;
            nint tiles = (read.Count + Lanes - 1) & -Lanes;
            float* panel = Workspace.OfThread((tiles + rows) * Panel), narrow = panel + tiles * Panel;
            OfChannels(read.Matrix(product) + first * read.Pitch, read.Pitch, read.Count, columns, panel);
            float* to = factors + (nint)product * rows * read.Channels + first;
            bool fits = columns == Panel;
            OfPanel(
                made.Matrix(product), made.Pitch, 1, panel, Panel, fits ? to : narrow, fits ? read.Channels : Panel, rows, read.Count, fits && adds);
            for (int row = 0; row < rows && !fits; row++)
                for (int column = 0; column < columns; column++)
                    to[row * read.Channels + column] = narrow[row * Panel + column] + (adds ? to[row * read.Channels + column] : 0);
        });
    }

    /// <summary>to = a · from, of each matrix.</summary>
    /// <param name="a">Matrices of a row for each channel of <paramref name="to"/> and a column for each of <paramref name="from"/>.</param>
    /// <param name="row">From a number of a row of a to that of the next row.</param>
    /// <param name="column">From a number of a row of a to its next.</param>
    /// <param name="from">What is multiplied.</param>
    /// <param name="to">Receives the products.</param>
    private static void Multiply(float* a, nint row, nint column, WinogradTiles from, WinogradTiles to)
    {
        int panels = (to.Count + Panel - 1) / Panel, parts = (panels + PanelsAtOnce - 1) / PanelsAtOnce;
        ComputeThreads.For(Winograd.Products * parts, piece =>
        {
            var (product, part) = Math.DivRem(piece, parts);
            int first = part * panels / parts * Panel, end = (part + 1) * panels / parts * Panel;
            Multiply(
                a + (nint)product * from.Channels * to.Channels, row, column, from.Matrix(product), from.Pitch, from.Channels,
                to.Matrix(product), to.Channels, first, end);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(float* a, nint row, nint column, float* b, nint pitch, int inner, float* c, int rows, int first, int end)
    {
        for (int panel = first; panel < end; panel += Panel)
            OfPanel(a, row, column, b + panel, pitch, c + panel, pitch, rows, inner, adds: false);
    }

    /// <summary>c = a · b, or that added to it: of the columns of one panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OfPanel(float* a, nint row, nint column, float* b, nint pitch, float* c, nint rowOfC, int rows, int inner, bool adds)
    {
        int i = 0;
        for (; i + 6 <= rows; i += 6)
            SixRows(a + i * row, row, column, b, pitch, c + i * rowOfC, rowOfC, inner, adds);
        if (i + 4 <= rows)
        {
            FourRows(a + i * row, row, column, b, pitch, c + i * rowOfC, rowOfC, inner, adds);
            i += 4;
        }
        if (i < rows)
            TwoRows(a + i * row, row, column, b, pitch, c + i * rowOfC, rowOfC, inner, adds);
    }

    // The sums of a block stay in registers, twelve of the sixteen that there are, which the compiler does only for sums that are written out one by one:
    // behind a ref parameter, in a tuple or in an array they go through memory, at 0.6 of the speed.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixRows(float* a, nint row, nint column, float* b, nint pitch, float* c, nint rowOfC, int inner, bool adds)
    {
        Floats c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Floats c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        float* lower = a + 3 * row;
        for (int k = 0; k < inner; k++)
        {
            var b0 = Eight(b);
            var b1 = Eight(b + Lanes);
            var x = All(*a);
            c00 = MultiplyAdd(x, b0, c00);
            c01 = MultiplyAdd(x, b1, c01);
            x = All(a[row]);
            c10 = MultiplyAdd(x, b0, c10);
            c11 = MultiplyAdd(x, b1, c11);
            x = All(a[2 * row]);
            c20 = MultiplyAdd(x, b0, c20);
            c21 = MultiplyAdd(x, b1, c21);
            x = All(*lower);
            c30 = MultiplyAdd(x, b0, c30);
            c31 = MultiplyAdd(x, b1, c31);
            x = All(lower[row]);
            c40 = MultiplyAdd(x, b0, c40);
            c41 = MultiplyAdd(x, b1, c41);
            x = All(lower[2 * row]);
            c50 = MultiplyAdd(x, b0, c50);
            c51 = MultiplyAdd(x, b1, c51);
            a += column;
            lower += column;
            b += pitch;
        }
        Store(c00, c01, c, adds);
        Store(c10, c11, c + rowOfC, adds);
        Store(c20, c21, c + 2 * rowOfC, adds);
        Store(c30, c31, c + 3 * rowOfC, adds);
        Store(c40, c41, c + 4 * rowOfC, adds);
        Store(c50, c51, c + 5 * rowOfC, adds);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRows(float* a, nint row, nint column, float* b, nint pitch, float* c, nint rowOfC, int inner, bool adds)
    {
        Floats c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        for (int k = 0; k < inner; k++)
        {
            var b0 = Eight(b);
            var b1 = Eight(b + Lanes);
            var x = All(*a);
            c00 = MultiplyAdd(x, b0, c00);
            c01 = MultiplyAdd(x, b1, c01);
            x = All(a[row]);
            c10 = MultiplyAdd(x, b0, c10);
            c11 = MultiplyAdd(x, b1, c11);
            x = All(a[2 * row]);
            c20 = MultiplyAdd(x, b0, c20);
            c21 = MultiplyAdd(x, b1, c21);
            x = All(a[3 * row]);
            c30 = MultiplyAdd(x, b0, c30);
            c31 = MultiplyAdd(x, b1, c31);
            a += column;
            b += pitch;
        }
        Store(c00, c01, c, adds);
        Store(c10, c11, c + rowOfC, adds);
        Store(c20, c21, c + 2 * rowOfC, adds);
        Store(c30, c31, c + 3 * rowOfC, adds);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TwoRows(float* a, nint row, nint column, float* b, nint pitch, float* c, nint rowOfC, int inner, bool adds)
    {
        Floats c00 = default, c01 = default, c10 = default, c11 = default;
        for (int k = 0; k < inner; k++)
        {
            var b0 = Eight(b);
            var b1 = Eight(b + Lanes);
            var x = All(*a);
            c00 = MultiplyAdd(x, b0, c00);
            c01 = MultiplyAdd(x, b1, c01);
            x = All(a[row]);
            c10 = MultiplyAdd(x, b0, c10);
            c11 = MultiplyAdd(x, b1, c11);
            a += column;
            b += pitch;
        }
        Store(c00, c01, c, adds);
        Store(c10, c11, c + rowOfC, adds);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Floats c0, Floats c1, float* to, bool adds)
    {
        if (adds)
            (c0, c1) = (c0 + Eight(to), c1 + Eight(to + Lanes));
        c0.Store(to);
        c1.Store(to + Lanes);
    }

    /// <summary>The numbers of some channels tile by tile, <see cref="Panel"/> for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OfChannels(float* read, nint pitch, int tiles, int channels, float* to)
    {
        float* blank = stackalloc float[Lanes * Lanes];
        for (int first = 0; first < Panel; first += Lanes)
        {
            for (int tile = 0; tile < tiles; tile += Lanes) // behind the last tile there are more numbers in a row
            {
                float* from = read + first * pitch + tile;
                if (first + Lanes <= channels)
                {
                    Transpose(from, pitch, to + tile * Panel + first, Panel);
                    continue;
                }
                for (int i = 0; i < channels - first; i++)
                    Eight(from + i * pitch).Store(blank + i * Lanes);
                Transpose(blank, Lanes, to + tile * Panel + first, Panel);
            }
        }
    }
}
