using System.CommandLine;
using LikelihoodScoring;
using Microsoft.ML.DiffEnc;

namespace SemiSupervised;

/// <summary>The options, what they mean, and how errors end the program: 0 done, 1 failed, 2 wrong usage or data, 130 cancelled.</summary>
internal static class CommandLine
{
    private static readonly Option<DataSource> Data = new("--data")
    {
        Description = "Where the pictures come from: drawn (by the sample) or mnist (IDX files)."
    };

    private static readonly Option<string?> PathOption = new("--path")
    {
        Description = "The folder of MNIST's four files (train- and t10k-images-idx3-ubyte[.gz], -labels-idx1-ubyte[.gz]), or of others of their form.",
        HelpName = "DIR"
    };

    private static readonly Option<string?> Model = new("--model")
    {
        Description = "A model that was trained before on such pictures and saved by ML.NET. [default: one is trained]",
        HelpName = "FILE"
    };

    private static readonly Option<DiffEncPreset> Preset = new("--preset")
    {
        Description = "The size of the network and how it is trained; all but Tiny and Small are the paper's, for GPUs.",
        DefaultValueFactory = _ => DiffEncPreset.Tiny
    };

    private static readonly Option<int?> Steps = OptionChecks.AtLeast(1, new Option<int?>("--steps")
    {
        Description = "Training steps. [default: the preset's: 800 for Tiny, 10000 for Small, 1000000 for the others]",
        HelpName = "N"
    });

    private static readonly Option<int> TrainingImages = Count("--training-images", 4000, 20, "Pictures to train on; as many labels are all labels.");
    private static readonly Option<int> TestImages = Count("--test-images", 1000, 10, "Other pictures, on which the classifiers are measured.");
    private static readonly Option<int> Draws = Count("--draws", 5, 1, "How often the labelled pictures are drawn.");

    private static readonly Option<int[]> Labels = new("--labels")
    {
        Description = "How many labels the classifiers get, besides all.",
        DefaultValueFactory = _ => [100, 1000],
        AllowMultipleArgumentsPerToken = true,
        HelpName = "N"
    };

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "The seed of everything random: two runs with the same one give the same figures.",
        DefaultValueFactory = _ => 1,
        HelpName = "N"
    };

    private static readonly Option<int?> Gpu = OptionChecks.AtLeast(0, new Option<int?>("--gpu")
    {
        Description = "The number of the GPU to use. [default: the CPU]",
        HelpName = "N"
    });

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for the model and the picture.",
        DefaultValueFactory = _ => Path.Combine("out", "semi-supervised"),
        HelpName = "DIR"
    };

    /// <summary>Parses the arguments, runs the sample and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Trains a DiffEnc model without labels, and classifiers with few labels on what it makes of pictures.")
        {
            Data, PathOption, Model, Preset, Steps, TrainingImages, TestImages, Labels, Draws, Seed, Gpu, Output
        };
        root.SetAction(parsed => Guard.Run(cancellation => new Experiment(Read(parsed), cancellation).Run()));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke();
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static Settings Read(ParseResult parsed)
    {
        DataSource data = parsed.GetValue(Data);
        string? path = parsed.GetValue(PathOption), model = parsed.GetValue(Model);
        if (data == DataSource.Drawn && path is not null)
            throw new UsageException("--path says where pictures are, but --data is drawn, which needs none. Add --data mnist.");
        if (data == DataSource.Mnist && path is null)
            throw new UsageException("--data mnist needs --path DIR, the folder with its files.");
        if (path is not null && !Directory.Exists(path))
            throw new UsageException($"There is no folder '{path}' (looked for it at '{Path.GetFullPath(path)}'). Check --path.");
        if (model is not null && !File.Exists(model))
            throw new UsageException($"There is no file '{model}' (looked for it at '{Path.GetFullPath(model)}'). Check --model.");
        int[] labels = [.. parsed.GetValue(Labels)!.Distinct().Order()];
        if (labels.Length > 0 && labels[0] < 10)
            throw new UsageException($"--labels has {labels[0]}; expected 10 or more.");
        OutputFiles.CheckFolder(parsed.GetValue(Output)!, Output.Name);
        return new Settings
        {
            Data = data,
            Path = path,
            Model = model,
            Preset = parsed.GetValue(Preset),
            Steps = parsed.GetValue(Steps),
            TrainingImages = parsed.GetValue(TrainingImages),
            TestImages = parsed.GetValue(TestImages),
            Labels = labels,
            Draws = parsed.GetValue(Draws),
            Seed = parsed.GetValue(Seed),
            Gpu = parsed.GetValue(Gpu),
            Output = parsed.GetValue(Output)!
        };
    }

    private static Option<int> Count(string name, int usual, int least, string description) => OptionChecks.AtLeast(least, new Option<int>(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
        HelpName = "N"
    });
}
