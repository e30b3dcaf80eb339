using System.CommandLine;
using LikelihoodScoring;

namespace Microsoft.ML.DiffEnc.Studies;

/// <summary>Options that several studies have.</summary>
internal static class StudyOptions
{
    public static Option<string> Model() => new("--model") { Description = "A saved ML.NET model with a DiffEnc transformer in it.", Required = true };

    public static Option<string> Path() => new("--path")
    {
        Description = "The folder with MNIST's IDX files, or others of their form and names.",
        Required = true,
    };

    public static Option<uint[]> Classes() => new("--classes")
    {
        Description = "The labels of the images that are used, those that the model was trained on. [default: all]",
        AllowMultipleArgumentsPerToken = true,
    };

    public static Option<int?> Gpu() => new("--gpu") { Description = "The number of the GPU to use. [default: the CPU]" };

    /// <summary>A number of things, not below a least one.</summary>
    public static Option<int> Count(string name, string description, int usual, int least = 1)
        => OptionChecks.AtLeast(least, new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual });
}
