namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Data that does not travel with the repository: the folder <c>shared</c> beside the repository's root.</summary>
internal static class SharedData
{
    private const string Solution = "DiffEnc.MLNet.sln";

    /// <summary>Why tests that need the folder are skipped; <see langword="null"/> where it is there.</summary>
    public static string? MissingReason { get; }

    private static readonly string? Folder;

    static SharedData()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(System.IO.Path.Combine(root.FullName, Solution)))
            root = root.Parent;
        Folder = root?.Parent is { } parent ? System.IO.Path.Combine(parent.FullName, "shared") : null;
        if (!Directory.Exists(Folder))
            MissingReason = $"Needs the folder 'shared' beside the repository's root, which is not there ({Folder ?? $"no {Solution} above the tests"}).";
    }

    /// <summary>The full path of a file in the folder, e.g. <c>Path("fixtures", "manifest.json")</c>.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Folder ?? throw new InvalidOperationException(MissingReason), .. parts]);
}
