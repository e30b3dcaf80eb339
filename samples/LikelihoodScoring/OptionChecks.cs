using System.CommandLine;

namespace LikelihoodScoring;

/// <summary>Checks of what is given for an option.</summary>
internal static class OptionChecks
{
    /// <summary>Refuses what has a problem. What cannot even be read is left to the parser, which says so.</summary>
    /// <param name="option">The option.</param>
    /// <param name="problem">What is wrong with a value; <see langword="null"/>: nothing.</param>
    public static Option<T> Check<T>(Option<T> option, Func<T?, string?> problem)
    {
        option.Validators.Add(result =>
        {
            try
            {
                if (problem(result.GetValueOrDefault<T>()) is { } message)
                    result.AddError(message);
            }
            catch (InvalidOperationException)
            {
                // No value of this type.
            }
        });
        return option;
    }

    /// <summary>Refuses numbers below the least one.</summary>
    public static Option<T> AtLeast<T>(int least, Option<T> option)
        => Check(option, value => value is int number && number < least ? $"{option.Name} is {number}; expected {least} or more." : null);
}
