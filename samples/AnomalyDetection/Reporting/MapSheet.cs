using LikelihoodScoring.Data;
using LikelihoodScoring.Drawing;
using LikelihoodScoring.Reporting;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace AnomalyDetection.Reporting;

/// <summary>The most anomalous pictures of each kind, and under each the same with its map laid over it.</summary>
internal sealed class MapSheet(ImageSet images)
{
    private const int MostColumns = 8, Colours = 3;

    public void Save(string path, ScoredPicture[] scored)
    {
        (ScoredPicture Row, byte[] Pixels)[] all = [.. scored.Zip(images.Pixels(images.Test))];
        var kinds = all.GroupBy(picture => picture.Row.Kind).OrderByDescending(kind => kind.Key).ToArray();
        int columns = Math.Min(MostColumns, kinds.Min(kind => kind.Count()));
        var sheet = new ContactSheet(images.Width, images.Height, Colours);
        foreach (var kind in kinds)
        {
            var top = kind.OrderByDescending(picture => picture.Row.Score).Take(columns).ToArray();
            sheet.Add(kind.Key == 0 ? "held-out normal" : images.OddKinds[kind.Key - 1], [.. top.Select(Plain), .. top.Select(WithMap)]);
        }
        sheet.Save(path, columns);
    }

    private ContactSheet.Tile Plain((ScoredPicture Row, byte[] Pixels) of) => new(InColour(of.Pixels), $"p {of.Row.PValue:F3}", of.Row.PredictedLabel);

    private ContactSheet.Tile WithMap((ScoredPicture Row, byte[] Pixels) of)
    {
        using MLImage picture = ToImage(InColour(of.Pixels)), overlay = AnomalyMaps.Overlay(picture, of.Row.Map!);
        return new(Raster.ToPixels(overlay, Colours), Odd: of.Row.PredictedLabel);
    }

    private static byte[] Repeat(byte[] grey) => [.. grey, .. grey, .. grey];

    private byte[] InColour(byte[] pixels) => images.Channels == 1 ? Repeat(pixels) : pixels;

    private MLImage ToImage(byte[] planes)
    {
        int size = images.Width * images.Height;
        byte[] rgba = [.. Enumerable.Range(0, size).SelectMany(i => (byte[])[planes[i], planes[size + i], planes[2 * size + i], byte.MaxValue])];
        return MLImage.CreateFromPixels(images.Width, images.Height, MLPixelFormat.Rgba32, rgba);
    }
}
