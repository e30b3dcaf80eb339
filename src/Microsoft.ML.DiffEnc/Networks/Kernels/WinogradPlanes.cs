using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static Microsoft.ML.DiffEnc.Networks.Kernels.Simd;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// One channel of one image as the factors or the results of <see cref="Winograd"/>'s products: a number of each of the 36 for each tile of 4×4 pixels,
/// the tiles row by row. Tiles that reach beyond the picture find zeros there.
/// </summary>
/// <remarks>
/// Eight tiles that stand side by side are computed at a time; a tile's columns become vectors of their own by a transposition in registers. Tiles
/// are gathered on the stack before they are stored, since the 36 places of a tile lie so far apart that they drive each other from the cache.
/// </remarks>
/// <param name="Height">In pixels; at least 8.</param>
/// <param name="Width">In pixels; at least 8.</param>
internal readonly unsafe record struct WinogradPlanes(int Height, int Width)
{
    private const int PerGroup = Winograd.Outputs * Lanes; // pixels that eight tiles are wide
    private const int GatheredTiles = 64;

    /// <summary>The tiles of a plane.</summary>
    public int Tiles => Rows * Columns;

    private int Rows => (Height + Winograd.Outputs - 1) / Winograd.Outputs;

    private int Columns => (Width + Winograd.Outputs - 1) / Winograd.Outputs;

    private int Groups => (Columns + Lanes - 1) / Lanes;

    /// <summary>The rows of tiles that are gathered at a time.</summary>
    private int GatheredRows => Math.Max(1, GatheredTiles / Columns);

    /// <summary>From a number of a gathered tile to its next: the last eight may reach beyond the row.</summary>
    private int GatheredStep => GatheredRows * Columns + Lanes;

    /// <summary>Bᵀ d B.</summary>
    /// <param name="plane">Pixels.</param>
    /// <param name="tiles">Receives a tile's 36 numbers, <paramref name="step"/> apart, the tiles one behind the other.</param>
    /// <param name="step">From one of a tile's numbers to the next.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void OfWindows(float* plane, float* tiles, nint step)
    {
        int pitch = PerGroup * Groups + Lanes, gathered = GatheredStep;
        float* band = stackalloc float[(Winograd.Window + 1) * pitch], blank = band + Winograd.Window * pitch;
        float* gather = stackalloc float[Winograd.Products * gathered];
        new Span<float>(band, (Winograd.Window + 1) * pitch).Clear();
        for (int first = 0; first < Rows; first += GatheredRows)
        {
            int count = Math.Min(GatheredRows, Rows - first);
            for (int row = first; row < first + count; row++)
            {
                int y = Winograd.Outputs * row - 1;
                float* r0 = Row(plane, y, blank), r1 = Row(plane, y + 1, blank), r2 = Row(plane, y + 2, blank);
                float* r3 = Row(plane, y + 3, blank), r4 = Row(plane, y + 4, blank), r5 = Row(plane, y + 5, blank);
                for (int x = 0; x < Width; x += Lanes)
                {
                    x = Math.Min(x, Width - Lanes);
                    Winograd.OfWindow(Eight(r0 + x), Eight(r1 + x), Eight(r2 + x), Eight(r3 + x), Eight(r4 + x), Eight(r5 + x), band + 1 + x, pitch);
                }
                for (int group = 0; group < Groups; group++)
                {
                    float* to = gather + (row - first) * Columns + group * Lanes;
                    for (int i = 0; i < Winograd.Window; i++)
                    {
                        float* from = band + i * pitch + group * PerGroup;
                        SplitByFour(from, out var d0, out var d1, out var d2, out var d3);
                        var (d4, d5) = (ShiftDown(d0, from[PerGroup]), ShiftDown(d1, from[PerGroup + 1]));
                        Winograd.OfWindow(d0, d1, d2, d3, d4, d5, to + Winograd.Window * i * gathered, gathered);
                    }
                }
            }
            Scatter(gather, gathered, tiles + first * Columns, step, count * Columns);
        }
    }

    /// <summary>The gradient of the pixels, the sum of B v Bᵀ over overlapping windows.</summary>
    /// <param name="tiles">The gradient of what <see cref="OfWindows"/> gives.</param>
    /// <param name="step">From one of a tile's numbers to the next.</param>
    /// <param name="plane">Receives pixels.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ToWindows(float* tiles, nint step, float* plane)
    {
        int pitch = PerGroup * Groups + Lanes, gathered = GatheredStep;
        float* half = stackalloc float[Winograd.Products * Lanes];
        float* band = stackalloc float[Winograd.Window * pitch]; // of six rows; the last two go on in the next row of tiles
        float* gather = stackalloc float[Winograd.Products * gathered];
        new Span<float>(band, Winograd.Window * pitch).Clear();
        for (int first = 0; first < Rows; first += GatheredRows)
        {
            int count = Math.Min(GatheredRows, Rows - first);
            Gather(tiles + first * Columns, step, gather, gathered, count * Columns);
            for (int row = first; row < first + count; row++)
            {
                for (int group = 0; group < Groups; group++)
                {
                    float* from = gather + (row - first) * Columns + group * Lanes;
                    for (int j = 0; j < Winograd.Window; j++)
                    {
                        Winograd.ToWindow(from + j * gathered, Winograd.Window * gathered, out var d0, out var d1, out var d2, out var d3, out var d4, out var d5);
                        const int next = Winograd.Window * Lanes;
                        float* to = half + j * Lanes;
                        d0.Store(to);
                        d1.Store(to + next);
                        d2.Store(to + 2 * next);
                        d3.Store(to + 3 * next);
                        d4.Store(to + 4 * next);
                        d5.Store(to + 5 * next);
                    }
                    var inside = Vector256.LessThan(Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7), Vector256.Create(Columns - group * Lanes)).AsSingle();
                    for (int i = 0; i < Winograd.Window; i++)
                    {
                        Winograd.ToWindow(half + Winograd.Window * i * Lanes, Lanes, out var d0, out var d1, out var d2, out var d3, out var d4, out var d5);
                        (d4, d5) = (d4 & inside, d5 & inside);
                        (d0, d1) = ((d0 & inside) + ShiftUp(d4), (d1 & inside) + ShiftUp(d5));
                        JoinByFour(d0, d1, d2 & inside, d3 & inside, out var v0, out var v1, out var v2, out var v3);
                        float* to = band + i * pitch + group * PerGroup;
                        (Eight(to) + v0).Store(to);
                        (Eight(to + Lanes) + v1).Store(to + Lanes);
                        (Eight(to + 2 * Lanes) + v2).Store(to + 2 * Lanes);
                        (Eight(to + 3 * Lanes) + v3).Store(to + 3 * Lanes);
                        to[PerGroup] += d4.GetElement(Lanes - 1);
                        to[PerGroup + 1] += d5.GetElement(Lanes - 1);
                    }
                }
                int y = Winograd.Outputs * row - 1;
                for (int i = 0; i < Winograd.Outputs; i++)
                    StoreRow(band + i * pitch + 1, plane, y + i);
                Copy(band + Winograd.Outputs * pitch, band, 2 * pitch);
                new Span<float>(band + 2 * pitch, Winograd.Outputs * pitch).Clear();
            }
        }
        StoreRow(band + 1, plane, Winograd.Outputs * Rows - 1);
    }

    /// <summary>Aᵀ m A + offset + addend.</summary>
    /// <param name="tiles">The sums of products over channels.</param>
    /// <param name="step">From one of a tile's numbers to the next.</param>
    /// <param name="offset">Added to all pixels.</param>
    /// <param name="addend">Added pixel by pixel; <see langword="null"/>: nothing.</param>
    /// <param name="plane">Receives pixels.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ToOutputs(float* tiles, nint step, float offset, float* addend, float* plane)
    {
        int gathered = GatheredStep;
        float* half = stackalloc float[Winograd.Outputs * Winograd.Window * Lanes];
        float* cut = stackalloc float[PerGroup];
        float* gather = stackalloc float[Winograd.Products * gathered];
        var added = All(offset);
        for (int first = 0; first < Rows; first += GatheredRows)
        {
            int count = Math.Min(GatheredRows, Rows - first);
            Gather(tiles + first * Columns, step, gather, gathered, count * Columns);
            for (int row = first; row < first + count; row++)
                for (int group = 0; group < Groups; group++)
                {
                    float* from = gather + (row - first) * Columns + group * Lanes;
                    for (int j = 0; j < Winograd.Window; j++)
                    {
                        Winograd.ToOutputs(from + j * gathered, Winograd.Window * gathered, out var y0, out var y1, out var y2, out var y3);
                        const int next = Winograd.Window * Lanes;
                        float* to = half + j * Lanes;
                        y0.Store(to);
                        y1.Store(to + next);
                        y2.Store(to + 2 * next);
                        y3.Store(to + 3 * next);
                    }
                    int width = Math.Min(PerGroup, Width - group * PerGroup), height = Math.Min(Winograd.Outputs, Height - Winograd.Outputs * row);
                    for (int i = 0; i < height; i++)
                    {
                        Winograd.ToOutputs(half + Winograd.Window * i * Lanes, Lanes, out var y0, out var y1, out var y2, out var y3);
                        JoinByFour(y0, y1, y2, y3, out var v0, out var v1, out var v2, out var v3);
                        int at = (Winograd.Outputs * row + i) * Width + group * PerGroup;
                        float* to = width == PerGroup ? plane + at : cut;
                        (v0 + added).Store(to);
                        (v1 + added).Store(to + Lanes);
                        (v2 + added).Store(to + 2 * Lanes);
                        (v3 + added).Store(to + 3 * Lanes);
                        if (addend != null)
                            Add(to, addend + at, plane + at, width);
                        else if (width < PerGroup)
                            Copy(cut, plane + at, width);
                    }
                }
        }
    }

    /// <summary>A y Aᵀ, the gradient of the sums of products.</summary>
    /// <param name="plane">The gradient of the pixels.</param>
    /// <param name="tiles">Receives the gradient of what <see cref="ToOutputs"/> is given.</param>
    /// <param name="step">From one of a tile's numbers to the next.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void OfOutputs(float* plane, float* tiles, nint step)
    {
        int pitch = PerGroup * Groups, gathered = GatheredStep;
        float* band = stackalloc float[(Winograd.Window + 1) * pitch], blank = band + Winograd.Window * pitch;
        float* gather = stackalloc float[Winograd.Products * gathered];
        new Span<float>(band, (Winograd.Window + 1) * pitch).Clear();
        for (int first = 0; first < Rows; first += GatheredRows)
        {
            int count = Math.Min(GatheredRows, Rows - first);
            for (int row = first; row < first + count; row++)
            {
                int y = Winograd.Outputs * row;
                float* r0 = Row(plane, y, blank), r1 = Row(plane, y + 1, blank), r2 = Row(plane, y + 2, blank), r3 = Row(plane, y + 3, blank);
                for (int x = 0; x < Width; x += Lanes)
                {
                    x = Math.Min(x, Width - Lanes);
                    Winograd.OfOutputs(Eight(r0 + x), Eight(r1 + x), Eight(r2 + x), Eight(r3 + x), band + x, pitch);
                }
                for (int group = 0; group < Groups; group++)
                {
                    float* to = gather + (row - first) * Columns + group * Lanes;
                    for (int i = 0; i < Winograd.Window; i++)
                    {
                        SplitByFour(band + i * pitch + group * PerGroup, out var y0, out var y1, out var y2, out var y3);
                        Winograd.OfOutputs(y0, y1, y2, y3, to + Winograd.Window * i * gathered, gathered);
                    }
                }
            }
            Scatter(gather, gathered, tiles + first * Columns, step, count * Columns);
        }
    }

    private float* Row(float* plane, int y, float* blank) => (uint)y < (uint)Height ? plane + y * Width : blank;

    private void StoreRow(float* row, float* plane, int y)
    {
        if ((uint)y < (uint)Height)
            Copy(row, plane + y * Width, Width);
    }

    private static void Gather(float* tiles, nint step, float* gather, int gathered, int count)
    {
        for (int k = 0; k < Winograd.Products; k++)
            Copy(tiles + k * step, gather + k * gathered, count);
    }

    private static void Scatter(float* gather, int gathered, float* tiles, nint step, int count)
    {
        for (int k = 0; k < Winograd.Products; k++)
            Copy(gather + k * gathered, tiles + k * step, count);
    }
}
