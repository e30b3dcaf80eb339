using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Small models with each kind of noise schedule.</summary>
internal static class Schedules
{
    /// <param name="kind">The schedule.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="bent">Whether the schedule's weights are far from their start.</param>
    /// <param name="dtype">The model's type.</param>
    public static DiffEncModel Model(
        NoiseScheduleKind kind, EncoderKind encoder = EncoderKind.NonTrainable, bool bent = false, ScalarType dtype = ScalarType.Float64)
    {
        var model = Models.Create(Models.Describe(encoder) with { NoiseSchedule = kind }, perturbed: false, dtype: dtype);
        if (bent)
            Bend(model);
        return model;
    }

    /// <summary>Multiplies every weight of the schedule, some by a negative number; a monotone network's slope then varies by more than 10.</summary>
    public static void Bend(DiffEncModel model)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        foreach (var (name, weight) in model.NamedParameters.Where(p => p.Key.StartsWith("schedule.", StringComparison.Ordinal)))
            weight.mul_(name.EndsWith("l3.weight", StringComparison.Ordinal)
                ? -exp(3 * cos(linspace(0, 7, weight.numel(), dtype: weight.dtype))).reshape(weight.shape)
                : tensor(name.EndsWith(".w", StringComparison.Ordinal) ? -1.1 : 0.9, dtype: weight.dtype));
    }
}
