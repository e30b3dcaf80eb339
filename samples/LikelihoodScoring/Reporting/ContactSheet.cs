using LikelihoodScoring.Drawing;
using SkiaSharp;

namespace LikelihoodScoring.Reporting;

/// <summary>Many small pictures on one: rows under headings, each picture enlarged, with a caption and, for odd ones, a coloured frame.</summary>
internal sealed class ContactSheet(int width, int height, int channels)
{
    private const int Margin = 24, Gap = 12, Heading = 40, CaptionHeight = 24;
    private static readonly SKColor Ink = new(0x22, 0x2B, 0x36), Faint = new(0xD5, 0xDA, 0xE0), Alarm = new(0xD9, 0x48, 0x2B);
    private readonly int _scale = Math.Max(1, 84 / Math.Max(width, height));
    private readonly List<(string Title, IReadOnlyList<Tile> Tiles)> _sections = [];

    /// <summary>A picture (channels first), what to write under it, and whether to frame it as odd.</summary>
    public sealed record Tile(byte[] Pixels, string Caption = "", bool Odd = false);

    /// <summary>Adds a heading with its pictures under it.</summary>
    public ContactSheet Add(string title, IEnumerable<Tile> tiles)
    {
        _sections.Add((title, [.. tiles]));
        return this;
    }

    /// <summary>Draws the sheet, with so many pictures in a row, and saves it as a PNG file.</summary>
    public void Save(string path, int columns)
    {
        int tileWidth = width * _scale, tileHeight = height * _scale;
        bool captions = _sections.Any(s => s.Tiles.Any(t => t.Caption.Length > 0));
        int stepX = tileWidth + Gap, stepY = tileHeight + Gap + (captions ? CaptionHeight : 0);
        int totalHeight = 2 * Margin - Gap + _sections.Sum(s => Heading + stepY * Rows(s.Tiles, columns));

        using var sheet = new SKBitmap(2 * Margin - Gap + columns * stepX, totalHeight);
        using var canvas = new SKCanvas(sheet);
        canvas.Clear(SKColors.White);
        using SKPaint heading = Text(18, bold: true), caption = Text(14, bold: false);
        using var frame = new SKPaint { Style = SKPaintStyle.Stroke };
        int top = Margin;
        foreach ((string title, IReadOnlyList<Tile> tiles) in _sections)
        {
            canvas.DrawText(title, Margin, top + heading.TextSize, heading);
            top += Heading;
            for (int i = 0; i < tiles.Count; i++)
            {
                var box = SKRect.Create(Margin + i % columns * stepX, top + i / columns * stepY, tileWidth, tileHeight);
                using SKBitmap picture = Raster.ToBitmap(tiles[i].Pixels, width, height, channels);
                canvas.DrawBitmap(picture, box);

                (frame.Color, frame.StrokeWidth) = tiles[i].Odd ? (Alarm, 3) : (Faint, 1);
                box.Inflate(frame.StrokeWidth / 2, frame.StrokeWidth / 2);
                canvas.DrawRect(box, frame);
                caption.Color = tiles[i].Odd ? Alarm : Ink;
                canvas.DrawText(tiles[i].Caption, box.Left, box.Bottom + 18, caption);
            }
            top += stepY * Rows(tiles, columns);
        }
        canvas.Flush();
        Raster.SavePng(sheet, path);
    }

    private static int Rows(IReadOnlyList<Tile> tiles, int columns) => (tiles.Count + columns - 1) / columns;

    private static SKPaint Text(float size, bool bold) => new()
    {
        IsAntialias = true,
        TextSize = size,
        Color = Ink,
        Typeface = SKTypeface.FromFamilyName("DejaVu Sans", bold ? SKFontStyle.Bold : SKFontStyle.Normal)
    };
}
