using System.Globalization;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Training;
using Microsoft.ML.DiffEnc.Transformers;
using static Microsoft.ML.DiffEnc.Trainers.Refusals;
using Options = Microsoft.ML.DiffEnc.DiffEncTrainer.Options;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Turns options into what the rooms behind the trainer take, refusing what makes no sense.</summary>
internal static class OptionsCheck
{
    private const double DefaultLabelDropout = 0.1;

    /// <exception cref="ArgumentException">An option is missing or out of its range; the message names it.</exception>
    public static ModelDescription Describe(Options options)
    {
        var preset = options.PresetValues;
        Defined(options.Encoder, nameof(options.Encoder));
        Defined(options.EncoderLayout, nameof(options.EncoderLayout));
        Defined(options.Parameterization, nameof(options.Parameterization));
        Defined(options.NoiseSchedule, nameof(options.NoiseSchedule));
        Defined(options.PixelLayout, nameof(options.PixelLayout));
        Defined(options.Precision, nameof(options.Precision));
        if (string.IsNullOrWhiteSpace(options.InputColumnName))
            throw Refusal(nameof(options.InputColumnName), "is empty; expected the name of the column that holds the images");
        InRange(options.Width, 1, ModelDescriptionCheck.Largest, nameof(options.Width));
        InRange(options.Height, 1, ModelDescriptionCheck.Largest, nameof(options.Height));
        if (StartOptions.UseReference(options))
            return StartOptions.Describe(options);
        var description = new ModelDescription
        {
            Width = options.Width,
            Height = options.Height,
            Channels = options.Channels,
            Parameterization = options.Parameterization,
            Encoder = options.Encoder,
            EncoderLayout = options.EncoderLayout,
            Denoiser = preset.DenoiserSize(options.DenoiserWidth, options.DenoiserBlocks),
            EncoderNetwork = options.Encoder == EncoderKind.Trainable ? preset.EncoderSize(options.EncoderWidth, options.EncoderBlocks) : null,
            OdeHead = options.OdeHead,
            NoiseSchedule = options.NoiseSchedule,
            GammaMin = AsWritten(options.GammaMin),
            GammaMax = AsWritten(options.GammaMax),
        };
        return ModelDescriptionCheck.Problem(description) is { } problem
            ? throw new ArgumentException($"The options describe {problem}", nameof(options))
            : description;
    }

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public static TrainingSettings Settings(Options options, int seed)
    {
        var preset = options.PresetValues;
        return new TrainingSettings
        {
            BatchSize = InRange(options.BatchSize ?? preset.BatchSize, 1, 1 << 20, nameof(options.BatchSize)),
            LearningRate = Positive(options.LearningRate ?? preset.LearningRate, nameof(options.LearningRate)),
            WarmUpSteps = InRange(options.WarmUpSteps ?? preset.WarmUpSteps, 0, int.MaxValue, nameof(options.WarmUpSteps)),
            WeightDecay = NotNegative(options.WeightDecay ?? preset.WeightDecay, nameof(options.WeightDecay)),
            EmaDecay = Share(options.EmaDecay ?? preset.EmaDecay, nameof(options.EmaDecay)),
            EmaRamp = options.EmaRamp ?? preset.EmaRamp,
            Dropout = Share(options.Dropout ?? preset.Dropout, nameof(options.Dropout)),
            Precision = options.Precision,
            LabelDropout = options.LabelColumnName is null ? 0 : Share(options.LabelDropout ?? DefaultLabelDropout, nameof(options.LabelDropout)),
            Seed = seed,
            Depth = options.Depth is { } depth ? InRange(depth, 1, TimeGrid.MostSteps, nameof(options.Depth)) : null,
            Variance = options.Variance,
            VarianceWeight = options.VarianceWeight,
        };
    }

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public static int Steps(Options options) => InRange(options.Steps ?? options.PresetValues.Steps, 1, int.MaxValue, nameof(options.Steps));

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public static void CheckTheRest(Options options)
    {
        FiniteDepthCheck.Variance(options.Variance, options.VarianceWeight, nameof(options.Variance));
        if (options is { Depth: not null, OdeHead: true })
            throw Refusal(nameof(options.OdeHead), "is set, and so is Depth; the head learns y + dy/dγ, and training in T steps has no derivative. Unset one");
        if (options.Depth is null && options.Variance != StepVariance.Posterior)
        {
            throw Refusal(
                nameof(options.Variance), $"is {options.Variance}, and Depth is null; in continuous time there is only {StepVariance.Posterior}. Set Depth");
        }
        if (options.MicroBatchSize is { } most)
        {
            InRange(most, 1, 1 << 20, nameof(options.MicroBatchSize));
            if (options.Variance == StepVariance.Optimal)
                throw Refusal(nameof(options.MicroBatchSize), "is set, and Variance is Optimal, which compares the images of a whole batch. Unset one");
        }
        InRange(options.ScoringDraws, 1, ScoringSettings.MostDraws, nameof(options.ScoringDraws));
        InRange(options.ScoringTimesPerDraw, 1, ScoringSettings.MostTimesPerDraw, nameof(options.ScoringTimesPerDraw));
        InRange(options.CheckpointEverySteps, 1, int.MaxValue, nameof(options.CheckpointEverySteps));
        if (options.ValidateEverySteps is { } every)
            InRange(every, 1, int.MaxValue, nameof(options.ValidateEverySteps));
        if (options.LabelColumnName is { } label && string.IsNullOrWhiteSpace(label))
            throw Refusal(nameof(options.LabelColumnName), "is empty; expected the name of the column that holds the classes, or null for none");
        if (options.LabelColumnName is null && options.LabelDropout is not null)
            throw Refusal(nameof(options.LabelDropout), "is set, but there are no labels to leave out; set LabelColumnName, or leave it null");
        if (options.CheckpointFolder is { } folder && string.IsNullOrWhiteSpace(folder))
            throw Refusal(nameof(options.CheckpointFolder), "is empty; expected a folder, or null for no checkpoints");
    }

    /// <summary>The double that is written as the float is: −13.3, not −13.300000190734863.</summary>
    public static double AsWritten(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
