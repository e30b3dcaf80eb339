using System.CommandLine;
using System.Globalization;
using LikelihoodScoring;

namespace AnomalyDetection;

/// <summary>The options and what they mean.</summary>
internal static class CommandLine
{
    private static readonly Option<string?> LeaveOut = new("--leave-out")
    {
        Description = "For mnist and cifar10: the classes that the model is not trained on and the detector must find. [default: the last]",
        HelpName = "9"
    };

    private static readonly Option<string?> Model = new("--model")
    {
        Description = "A DiffEnc model that was trained before and saved by ML.NET, on pictures of the same size. [default: one is trained]",
        HelpName = "FILE"
    };

    private static readonly Option<int> Calibration = OptionChecks.AtLeast(40, new Option<int>("--calibration")
    {
        Description = "Normal pictures, none of them trained on, from which the detector learns what is normal.",
        DefaultValueFactory = _ => 300,
        HelpName = "N"
    });

    private static readonly Option<int> TestImages = OptionChecks.AtLeast(2, new Option<int>("--test-images")
    {
        Description = "Further normal pictures that must not be found, and at most as many odd ones that must, or one of each kind.",
        DefaultValueFactory = _ => 150,
        HelpName = "N"
    });

    private static readonly Option<double> Rate = new("--false-positive-rate")
    {
        Description = "The wanted share of normal pictures that are called anomalies.",
        DefaultValueFactory = _ => 0.05,
        HelpName = "SHARE"
    };

    private static readonly Option<string> Output = SharedOptions.Output("anomaly-detection");

    /// <summary>Parses the arguments, runs the sample and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        OptionChecks.Check(Rate, rate => rate is > 0 and < 1
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"--false-positive-rate is {rate}; expected above 0 and below 1."));
        var root = new RootCommand("Trains a DiffEnc model on normal pictures, calibrates a detector with it, and finds the odd ones out.")
        {
            SharedOptions.Data, SharedOptions.Path, SharedOptions.Odd, LeaveOut, Model, SharedOptions.Preset, SharedOptions.Steps, SharedOptions.Seed,
            Calibration, TestImages, Rate, SharedOptions.Gpu, Output, SharedOptions.Json
        };
        root.SetAction(parsed => Guard.Run(cancellation => new Experiment(Read(parsed), cancellation).Run()));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke();
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static DetectionSettings Read(ParseResult parsed)
    {
        Settings shared = SharedOptions.Read(parsed, Output);
        uint[]? leftOut = SharedOptions.Classes(parsed, LeaveOut);
        if (leftOut is not null && shared.Data is DataSource.Drawn or DataSource.Images)
            throw new UsageException($"--leave-out is for data with classes, mnist and cifar10; --data is {SharedOptions.Name(shared.Data)}.");
        string? model = parsed.GetValue(Model);
        if (model is not null && !File.Exists(model))
            throw new UsageException($"There is no file '{model}' (looked for it at '{Path.GetFullPath(model)}'). Check --model.");
        return new DetectionSettings
        {
            Pictures = shared with
            {
                LeftOutClasses = leftOut,
                CalibrationImages = parsed.GetValue(Calibration),
                TestImages = parsed.GetValue(TestImages)
            },
            Model = model,
            FalsePositiveRate = parsed.GetValue(Rate)
        };
    }
}
