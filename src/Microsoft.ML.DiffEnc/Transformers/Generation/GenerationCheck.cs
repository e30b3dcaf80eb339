using System.Globalization;

namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>Refuses options that images cannot be generated with.</summary>
internal static class GenerationCheck
{
    /// <summary>The options, with a class that was named turned into its key.</summary>
    /// <param name="options">The options, which are left as they are.</param>
    /// <param name="transformer">Whose images.</param>
    /// <param name="classColumnName">The column that each image's class comes from; <see langword="null"/>: the options say it.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other; the message names it.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    public static GenerationOptions Resolve(GenerationOptions options, DiffEncTransformer transformer, string? classColumnName = null)
    {
        if (options.Steps is < 1 or > TimeGrid.MostSteps)
            throw Refusal(nameof(options.Steps), $"is {options.Steps}; expected 1..{TimeGrid.MostSteps}");
        if (!Enum.IsDefined(options.Sampler))
            throw Refusal(nameof(options.Sampler), $"is {options.Sampler}; expected one of {string.Join(", ", Enum.GetNames<SamplerKind>())}");
        if (!double.IsFinite(options.Guidance) || options.Guidance < 0)
            throw Refusal(nameof(options.Guidance), string.Create(
                CultureInfo.InvariantCulture, $"is {options.Guidance}; expected a finite number, at least 0"));
        int? chosen = Class(options, transformer);
        if (classColumnName is not null)
        {
            transformer.RequireClasses();
            if (chosen is not null)
                throw Refusal(
                    options.ClassName is null ? nameof(options.Class) : nameof(options.ClassName),
                    $"is set, and classes are also to come from the column '{classColumnName}'; set one of them");
        }
        else if (chosen is null && options.Guidance > 0)
            throw Refusal(nameof(options.Guidance), "is above 0 without a class to guide to; set Class or ClassName");
        return options.With(chosen);
    }

    private static int? Class(GenerationOptions options, DiffEncTransformer transformer)
    {
        if (options is { Class: null, ClassName: null })
            return null;
        transformer.RequireClasses();
        if (options.ClassName is null)
        {
            int classes = transformer.Model.Classes;
            return options.Class >= 1 && options.Class <= classes
                ? options.Class
                : throw Refusal(nameof(options.Class), $"is {options.Class}; expected a key, 1..{classes}. Keys count from 1");
        }
        if (options.Class is not null)
            throw Refusal(nameof(options.Class), $"and ClassName ('{options.ClassName}') are both set; set one of them");
        var names = transformer.ClassNames;
        int at = Enumerable.Range(0, names.Count).FirstOrDefault(i => names[i] == options.ClassName, -1);
        return at >= 0 ? at + 1 : throw Refusal(nameof(options.ClassName), names.Count == 0
            ? $"is '{options.ClassName}', but the classes have no names: the training's keys had none. Set Class"
            : $"is '{options.ClassName}'; expected one of {string.Join(", ", names)}");
    }

    private static ArgumentOutOfRangeException Refusal(string name, string what) => new(name, $"The option {name} {what}.");
}
