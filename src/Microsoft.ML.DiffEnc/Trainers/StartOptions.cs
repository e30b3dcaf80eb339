using System.Globalization;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Training;
using Options = Microsoft.ML.DiffEnc.DiffEncTrainer.Options;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>The options that say what a training starts from, and what they mean for the others.</summary>
internal static class StartOptions
{
    /// <summary>Whether the model is described by a configuration of the authors', not by the options.</summary>
    public static bool UseReference(Options options) => options.ReferenceCheckpointPath is not null || options.ReferenceConfigPath is not null;

    /// <summary>The model of the authors' configuration; what the options say of it must agree.</summary>
    /// <exception cref="ArgumentException">An option is missing or says otherwise; the message names it.</exception>
    /// <exception cref="InvalidDataException">The configuration cannot be read.</exception>
    /// <exception cref="NotSupportedException">The configuration asks for something that this version does not have.</exception>
    public static ModelDescription Describe(Options options)
    {
        if (string.IsNullOrWhiteSpace(options.ReferenceCheckpointPath) || string.IsNullOrWhiteSpace(options.ReferenceConfigPath))
            throw new ArgumentException(
                $"The options {nameof(options.ReferenceCheckpointPath)} and {nameof(options.ReferenceConfigPath)} belong together: " +
                "a checkpoint of the authors' code and the JSON configuration of its model. Set both, or neither.", nameof(options));
        if (options.InitialModel is not null)
            throw new ArgumentException(
                $"The options {nameof(options.InitialModel)} and {nameof(options.ReferenceCheckpointPath)} both say what the training " +
                "starts from: set one.", nameof(options));
        if (options.LabelColumnName is not null)
            throw new ArgumentException(
                $"The option {nameof(options.LabelColumnName)} is '{options.LabelColumnName}', and the networks of the authors' checkpoints " +
                "have no input for a class. Leave it unset, or start from fresh weights.", nameof(options));
        var model = ReferenceConfig.Read(options.ReferenceConfigPath, options.Width, options.Height, options.Channels);
        foreach (var (name, chosen, described) in Chosen(options, model))
            if (chosen is not null && !chosen.Equals(described))
                throw new ArgumentException(
                    $"The option {name} is {Text(chosen)}, or the preset makes it so, but '{options.ReferenceConfigPath}' describes a model with " +
                    $"{Text(described)}. Leave the option unset: the configuration decides.", nameof(options));
        return ModelDescriptionCheck.Problem(model) is { } problem
            ? throw new ArgumentException($"'{options.ReferenceConfigPath}', for images of {options.Width}×{options.Height}, " +
                $"describes {problem}", nameof(options))
            : model;
    }

    /// <param name="options">The options, with the initial model if there is one.</param>
    /// <param name="description">The training's model; its classes are known once there are data.</param>
    /// <param name="classesAreKnown">Whether they are.</param>
    /// <exception cref="ArgumentException">The initial model is of another kind than the training's.</exception>
    public static void CheckInitialModel(Options options, ModelDescription description, bool classesAreKnown)
    {
        if (options is { InitialModel: { } model, LabelColumnName: not null } && !classesAreKnown)
            description = description with { Classes = model.Description.Classes };
        if (options.InitialModel is { } initial && ModelDescriptionCheck.Difference(description, initial.Description) is { } difference)
            throw new ArgumentException(
                $"The option {nameof(options.InitialModel)} is a model of another kind: {difference} as the other options describe the training's. " +
                "Describe the same model, or leave the option unset.", nameof(options));
    }

    /// <summary>What the training starts from; <see langword="null"/>: fresh weights. The caller disposes of it.</summary>
    /// <exception cref="InvalidOperationException">The checkpoint already stands where the training is to end.</exception>
    /// <inheritdoc cref="TrainingStart.FromReference"/>
    public static TrainingStart? Load(Options options, ModelDescription description, int steps)
    {
        if (options.InitialModel is { } model)
            return TrainingStart.From(model);
        if (!UseReference(options))
            return null;
        var start = TrainingStart.FromReference(options.ReferenceCheckpointPath!, options.ReferenceConfigPath!, description);
        if (start.Step < steps)
            return start;
        start.Dispose();
        throw new InvalidOperationException(
            $"'{options.ReferenceCheckpointPath}' stands at step {Text(start.Step)}, and the option {nameof(options.Steps)}, which counts from the " +
            $"beginning of that training, is {Text(steps)}: there is nothing left to train. Set {nameof(options.Steps)} above the checkpoint's.");
    }

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "none";

    /// <summary>What the options say of the model (null: nothing, or just the default) beside what the configuration says.</summary>
    private static IEnumerable<(string Name, object? Chosen, object? Described)> Chosen(Options options, ModelDescription model)
    {
        var preset = options.Preset is null ? null : options.PresetValues;
        var untouched = new Options();
        object? Unless<T>(T value, T standard) => Equals(value, standard) ? null : value;
        object? Gamma(float value, float standard) => value == standard ? null : OptionsCheck.AsWritten(value);

        yield return (nameof(options.Encoder), options.ChosenEncoder, model.Encoder);
        yield return (nameof(options.DenoiserWidth), options.DenoiserWidth ?? preset?.Denoiser.Width, model.Denoiser.Width);
        yield return (nameof(options.DenoiserBlocks), options.DenoiserBlocks ?? preset?.Denoiser.Blocks, model.Denoiser.Blocks);
        if (model.EncoderNetwork is { } encoder)
        {
            yield return (nameof(options.EncoderLayout), options.ChosenEncoderLayout, model.EncoderLayout);
            yield return (nameof(options.EncoderWidth), options.EncoderWidth ?? preset?.EncoderNetwork.Width, encoder.Width);
            yield return (nameof(options.EncoderBlocks), options.EncoderBlocks ?? preset?.EncoderNetwork.Blocks, encoder.Blocks);
        }
        yield return (nameof(options.Parameterization), Unless(options.Parameterization, untouched.Parameterization), model.Parameterization);
        yield return (nameof(options.NoiseSchedule), Unless(options.NoiseSchedule, untouched.NoiseSchedule), model.NoiseSchedule);
        yield return (nameof(options.GammaMin), Gamma(options.GammaMin, untouched.GammaMin), model.GammaMin);
        yield return (nameof(options.GammaMax), Gamma(options.GammaMax, untouched.GammaMax), model.GammaMax);
    }
}
