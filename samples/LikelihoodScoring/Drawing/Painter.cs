using SkiaSharp;

namespace LikelihoodScoring.Drawing;

/// <summary>
/// Draws grey pictures, white pen on black: hand-drawn digits that vary in place, slant, rotation, size, pen and ink, and five kinds of odd ones out.
/// The same seed gives the same pictures.
/// </summary>
internal sealed class Painter(int size, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>The kinds of picture that are not plain digits, and what draws each.</summary>
    public IReadOnlyDictionary<string, Func<byte[]>> OddKinds => new Dictionary<string, Func<byte[]>>
    {
        ["letter"] = () => Paint(canvas => DrawGlyph(canvas, Pick(Glyphs.Letters))),
        ["scribble"] = () => Paint(DrawScribble),
        ["scratched digit"] = () => Paint(canvas =>
        {
            DrawGlyph(canvas, Pick(Glyphs.Digits));
            DrawScratches(canvas);
        }),
        ["speckled digit"] = () => Paint(canvas =>
        {
            DrawGlyph(canvas, Pick(Glyphs.Digits));
            DrawSpeckles(canvas);
        }),
        ["hatching"] = () => Paint(DrawHatching),
    };

    /// <summary>One of the ten digits, row by row, 0..255.</summary>
    public byte[] Digit() => Paint(canvas => DrawGlyph(canvas, Pick(Glyphs.Digits)));

    /// <summary>The digit that is asked for, 0 to 9, drawn in the same ways.</summary>
    public byte[] Digit(int digit) => Paint(canvas => DrawGlyph(canvas, Glyphs.Digits[digit]));

    private byte[] Paint(Action<SKCanvas> draw)
    {
        using var bitmap = new SKBitmap(size, size, SKColorType.Gray8, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.Black);
        draw(canvas);
        canvas.Flush();

        byte[] pixels = new byte[size * size];
        for (int y = 0; y < size; y++)
            bitmap.GetPixelSpan().Slice(y * bitmap.RowBytes, size).CopyTo(pixels.AsSpan(y * size));
        return pixels;
    }

    private void DrawGlyph(SKCanvas canvas, SKPoint[][] strokes)
    {
        canvas.Save();
        canvas.Translate(size * (0.5f + Normal(0.035f)), size * (0.5f + Normal(0.035f)));
        canvas.RotateDegrees(Normal(7));
        canvas.Skew(-0.12f + Normal(0.1f), 0);
        float width = size * Between(0.38f, 0.54f), height = size * Between(0.6f, 0.72f);
        using SKPaint pen = Pen(Between(0.06f, 0.125f), Between(0.75f, 1f));
        foreach (SKPoint[] stroke in strokes)
        {
            SKPoint[] points = [.. stroke.Select(p => new SKPoint((p.X - 0.5f + Normal(0.02f)) * width, (p.Y - 0.5f + Normal(0.02f)) * height))];
            using SKPath path = SmoothCurve(points);
            canvas.DrawPath(path, pen);
        }
        canvas.Restore();
    }

    private void DrawScribble(SKCanvas canvas)
    {
        SKPoint[] points = [.. Enumerable.Range(0, _random.Next(7, 12)).Select(_ => AnyPoint(0.15f))];
        using SKPaint pen = Pen(Between(0.06f, 0.1f), Between(0.75f, 1f));
        using SKPath path = SmoothCurve(points);
        canvas.DrawPath(path, pen);
    }

    private void DrawScratches(SKCanvas canvas)
    {
        using SKPaint pen = Pen(0.045f, 0.85f);
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            float angle = Between(0, MathF.PI);
            var along = new SKPoint(MathF.Cos(angle) * size, MathF.Sin(angle) * size);
            SKPoint middle = AnyPoint(0.3f);
            canvas.DrawLine(middle - along, middle + along, pen);
        }
    }

    private void DrawSpeckles(SKCanvas canvas)
    {
        using var ink = new SKPaint { IsAntialias = true };
        for (int i = _random.Next(8, 20); i > 0; i--)
        {
            ink.Color = Grey(Between(0.4f, 1f));
            canvas.DrawCircle(AnyPoint(0), size * Between(0.015f, 0.04f), ink);
        }
    }

    private void DrawHatching(SKCanvas canvas)
    {
        canvas.RotateDegrees(Between(0, 180), size / 2f, size / 2f);
        using SKPaint pen = Pen(Between(0.04f, 0.08f), Between(0.6f, 1f));
        float gap = size * Between(0.16f, 0.28f);
        for (float x = -size + Between(0, gap); x < 2 * size; x += gap)
            canvas.DrawLine(x, -size, x, 2 * size, pen);
    }

    /// <summary>Catmull–Rom: passes through every point, with the tangent of its two neighbours' chord.</summary>
    private static SKPath SmoothCurve(SKPoint[] points)
    {
        var path = new SKPath();
        path.MoveTo(points[0]);
        for (int i = 0; i + 1 < points.Length; i++)
        {
            SKPoint before = points[Math.Max(i - 1, 0)], after = points[Math.Min(i + 2, points.Length - 1)];
            path.CubicTo(
                points[i].X + (points[i + 1].X - before.X) / 6, points[i].Y + (points[i + 1].Y - before.Y) / 6,
                points[i + 1].X - (after.X - points[i].X) / 6, points[i + 1].Y - (after.Y - points[i].Y) / 6,
                points[i + 1].X, points[i + 1].Y);
        }
        return path;
    }

    private SKPaint Pen(float width, float brightness) => new()
    {
        Style = SKPaintStyle.Stroke,
        StrokeWidth = width * size,
        StrokeCap = SKStrokeCap.Round,
        StrokeJoin = SKStrokeJoin.Round,
        IsAntialias = true,
        Color = Grey(brightness)
    };

    private static SKColor Grey(float brightness)
    {
        byte level = (byte)MathF.Round(255 * brightness);
        return new SKColor(level, level, level);
    }

    private SKPoint AnyPoint(float margin) => new(size * Between(margin, 1 - margin), size * Between(margin, 1 - margin));

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private float Between(float low, float high) => low + (high - low) * _random.NextSingle();

    private float Normal(float deviation) =>
        deviation * MathF.Sqrt(-2 * MathF.Log(1 - _random.NextSingle())) * MathF.Cos(2 * MathF.PI * _random.NextSingle());
}
