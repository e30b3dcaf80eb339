using System.CommandLine;
using LikelihoodScoring;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>Kinds of options of the command line.</summary>
internal static class BenchmarkOptions
{
    /// <summary>A number of at least 1.</summary>
    public static Option<int> Count(string name, string description, int usual)
        => OptionChecks.AtLeast(1, new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual });

    /// <summary>Numbers of at least 1.</summary>
    public static Option<int[]> Counts(string name, string description, params int[] usual) => OptionChecks.Check(
        new Option<int[]>(name) { Description = description, DefaultValueFactory = _ => usual, AllowMultipleArgumentsPerToken = true },
        values => values?.Any(n => n < 1) == true ? $"{name} is {values.First(n => n < 1)}; expected 1 or more." : null);

    /// <summary>Any number of values.</summary>
    public static Option<T[]> Several<T>(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true };
}
