using System.CommandLine;
using Microsoft.ML.DiffEnc;

namespace LikelihoodScoring;

/// <summary>Options that samples with their own or the user's pictures have in common, and their checks.</summary>
internal static class SharedOptions
{
    public static Option<DataSource> Data { get; } = new("--data")
    {
        Description = "Where the pictures come from: drawn (by the sample), mnist (IDX files), cifar10 (binary files), images (a folder of pictures)."
    };

    public static Option<string?> Path { get; } = new("--path")
    {
        Description = "The folder of the data, for mnist (train- and t10k-images-idx3-ubyte[.gz], -labels-idx1-ubyte[.gz]), cifar10 (*.bin[.gz]) and images.",
        HelpName = "DIR"
    };

    public static Option<string?> Odd { get; } = new("--odd")
    {
        Description = "For images: a folder of odd ones. Without it, the sub-folder 'odd' of --path, if there is one.",
        HelpName = "DIR"
    };

    public static Option<DiffEncPreset> Preset { get; } = new("--preset")
    {
        Description = "The size of the network and how it is trained; all but Tiny and Small are the paper's, for GPUs.",
        DefaultValueFactory = _ => DiffEncPreset.Tiny
    };

    public static Option<int?> Steps { get; } = OptionChecks.AtLeast(1, new Option<int?>("--steps")
    {
        Description = "Training steps. [default: the preset's: 800 for Tiny, 10000 for Small, 1000000 for the others]",
        HelpName = "N"
    });

    public static Option<int> Seed { get; } = new("--seed")
    {
        Description = "The seed of everything random: two runs with the same one give the same figures.",
        DefaultValueFactory = _ => 1,
        HelpName = "N"
    };

    public static Option<int?> Gpu { get; } = OptionChecks.AtLeast(0, new Option<int?>("--gpu")
    {
        Description = "The number of the GPU to use. [default: the CPU]",
        HelpName = "N"
    });

    public static Option<string?> Json { get; } = new("--json")
    {
        Description = "A file for every figure of the report.",
        HelpName = "FILE"
    };

    /// <summary>The folder that results go to.</summary>
    /// <param name="usual">Its name in <c>out</c> where nothing else is asked for.</param>
    public static Option<string> Output(string usual) => new("--output")
    {
        Description = "The folder for the model and the pictures of the report.",
        DefaultValueFactory = _ => System.IO.Path.Combine("out", usual),
        HelpName = "DIR"
    };

    /// <summary>The settings that these options make, one encoder to train among them.</summary>
    /// <exception cref="UsageException">Two options contradict each other, or a path is missing or cannot be written to.</exception>
    public static Settings Read(ParseResult parsed, Option<string> output)
    {
        var (data, path, odd) = (parsed.GetValue(Data), parsed.GetValue(Path), parsed.GetValue(Odd));
        if (data == DataSource.Drawn && path is not null)
            throw new UsageException("--path says where pictures are, but --data is drawn, which needs none. Add --data mnist, cifar10 or images.");
        if (data != DataSource.Drawn && path is null)
            throw new UsageException($"--data {Name(data)} needs --path DIR, the folder with its files.");
        CheckExists(path, "--path");
        if (odd is not null && data != DataSource.Images)
            throw new UsageException($"--odd is for --data images; with --data {Name(data)} the odd ones come with the data.");
        CheckExists(odd, "--odd");

        // A path that cannot be written to should cost a moment, not the figures of a whole run.
        OutputFiles.CheckFolder(parsed.GetValue(output)!, output.Name);
        if (parsed.GetValue(Json) is string json)
            OutputFiles.CheckFile(json, Json.Name);
        return new Settings
        {
            Data = data,
            Path = path,
            OddPath = odd,
            Encoders = [EncoderKind.Trainable],
            Preset = parsed.GetValue(Preset),
            Steps = parsed.GetValue(Steps),
            Seed = parsed.GetValue(Seed),
            Gpu = parsed.GetValue(Gpu),
            Output = parsed.GetValue(output)!,
            Json = parsed.GetValue(Json)
        };
    }

    /// <summary>Class numbers with commas between; null where the option is not given.</summary>
    public static uint[]? Classes(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not string list)
            return null;
        string[] parts = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        uint[] classes = [.. parts.Select(part => uint.TryParse(part, out uint number)
            ? number
            : throw new UsageException($"{option.Name} '{list}': '{part}' is not a class number. Expected numbers with commas between, like 0,1,2."))];
        return classes.Length > 0
            ? classes
            : throw new UsageException($"{option.Name} is empty. Expected class numbers with commas between, like 0,1,2.");
    }

    /// <summary>A source by its name on the command line.</summary>
    public static string Name(DataSource data) => data.ToString().ToLowerInvariant();

    private static void CheckExists(string? folder, string option)
    {
        if (folder is not null && !Directory.Exists(folder))
            throw new UsageException($"There is no folder '{folder}' (looked for it at '{System.IO.Path.GetFullPath(folder)}'). Check {option}.");
    }
}
