using LikelihoodScoring.Drawing;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace LikelihoodScoring.Data;

/// <summary>A folder of pictures of any size, brought to 32×32 colour pixels by ML.NET's own image transforms.</summary>
internal static class FolderImages
{
    private const int Size = 32;
    private const int FewestPictures = 20;
    private static readonly HashSet<string> Extensions = new([".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"], StringComparer.OrdinalIgnoreCase);

    public static ImageSet Load(MLContext ml, Settings settings)
    {
        string folder = Path.GetFullPath(settings.Path!);
        string oddFolder = Path.TrimEndingDirectorySeparator(settings.OddPath is string odd ? Path.GetFullPath(odd) : Path.Combine(folder, "odd"));
        List<string> leftOut = [], oddLeftOut = [];
        string[] pictures = Decodable(Files(folder).Where(path => !IsInside(path, oddFolder)), leftOut);
        if (pictures.Length < FewestPictures)
            throw new UsageException(
                $"The folder '{settings.Path}' has {pictures.Length} pictures ({string.Join(", ", Extensions)}); " +
                $"expected at least {FewestPictures}, better some hundreds.{Damaged(leftOut)}");
        string[] oddPictures = Directory.Exists(oddFolder) ? Decodable(Files(oddFolder), oddLeftOut) : [];
        if (settings.OddPath is not null && oddPictures.Length == 0)
            throw new UsageException($"The folder '{settings.OddPath}' of --odd has no pictures ({string.Join(", ", Extensions)}).{Damaged(oddLeftOut)}");

        new Random(settings.Seed).Shuffle(pictures);
        int heldOut = Math.Min(settings.TestImages, pictures.Length / 5), validation = Math.Min(Split<string>.ValidationImages, pictures.Length / 10);
        int calibration = Math.Min(settings.CalibrationImages, pictures.Length / 4), apart = heldOut + validation + calibration;
        IEnumerable<FileRow> Normal(Range range) => pictures[range].Select(path => new FileRow { Path = path });
        IEnumerable<FileRow> oddRows = Choose.Evenly(oddPictures, settings.TestImages)
            .Select(path => new FileRow { Path = path, Label = 1, Kind = 1 });

        return new ImageSet
        {
            Description = $"pictures in {settings.Path}",
            Width = Size,
            Height = Size,
            Channels = 3,
            Train = ml.Data.LoadFromEnumerable(Normal(apart..).ToArray()),
            Validation = ml.Data.LoadFromEnumerable(Normal(heldOut..(heldOut + validation)).ToArray()),
            Test = ml.Data.LoadFromEnumerable(Normal(..heldOut).Concat(oddRows).ToArray()),
            Calibration = ml.Data.LoadFromEnumerable(Normal((heldOut + validation)..apart).ToArray()),
            LeftOut = [.. leftOut, .. oddLeftOut],
            OddKinds = oddPictures.Length > 0 ? [Path.GetFileName(oddFolder)] : [],
            Preparation = new EstimatorChain<ITransformer>()
                .Append<ITransformer>(ml.Transforms.LoadImages("Image", imageFolder: null, nameof(FileRow.Path)))
                .Append<ITransformer>(ml.Transforms.ResizeImages("Image", Size, Size))
        };
    }

    /// <summary>
    /// The files that decode; the others are added to <paramref name="leftOut"/>. One damaged file among thousands should not end a run, and once
    /// the rows are shuffled no message could say which it was.
    /// </summary>
    private static string[] Decodable(IEnumerable<string> files, List<string> leftOut)
    {
        (string Path, bool Decodes)[] tried = [.. files.AsParallel().AsOrdered().Select(path => (path, Raster.CanDecode(path)))];
        leftOut.AddRange(tried.Where(file => !file.Decodes).Select(file => file.Path));
        return [.. tried.Where(file => file.Decodes).Select(file => file.Path)];
    }

    private static string Damaged(List<string> leftOut) =>
        leftOut.Count > 0 ? $" {leftOut.Count} more cannot be decoded, '{leftOut[0]}' for one." : "";

    private static IEnumerable<string> Files(string folder) => Directory
        .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(path => Extensions.Contains(Path.GetExtension(path)))
        .Order(StringComparer.Ordinal);

    private static bool IsInside(string path, string folder) => path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private sealed class FileRow
    {
        public string Path { get; set; } = "";
        public float Label { get; set; }
        public int Kind { get; set; }
    }
}
