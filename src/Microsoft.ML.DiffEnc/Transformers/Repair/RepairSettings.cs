using System.Globalization;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Transformers.Generation;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>What a <see cref="RepairTransformer"/> keeps besides the model.</summary>
/// <param name="OutputColumnName">The column of repaired images that is added.</param>
/// <param name="MaskColumnName">The column of masks; <see langword="null"/>: the places with the most loss are repaired.</param>
/// <param name="MaskThreshold">How bright places of a mask are that are repaired.</param>
/// <param name="AnomalousShare">The share of places that are repaired without a mask.</param>
/// <param name="Resamplings">How often every stretch of steps is done.</param>
/// <param name="JumpLength">How many steps are repeated together.</param>
/// <param name="Generation">The rest of how pixels are drawn.</param>
internal sealed record RepairSettings(
    string OutputColumnName, string? MaskColumnName, byte MaskThreshold, double AnomalousShare, int Resamplings, int JumpLength,
    StoredGeneration Generation)
{
    private const int MostResamplings = 10_000;

    /// <summary>The settings that options ask for, of a model, and the steps that they mean.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other; or a name is empty.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    public static (RepairSettings Settings, RepairPlan Plan) From(
        RepairOptions options, DiffEncTransformer model, string outputColumnName = "Repaired", string? maskColumnName = null)
    {
        var generation = GenerationCheck.Resolve(options.Generation ?? new GenerationOptions(), model);
        var settings = new RepairSettings(
            outputColumnName, maskColumnName, options.MaskThreshold, options.AnomalousShare, options.Resamplings, options.JumpLength,
            StoredGeneration.Of(generation, model));
        settings.Check();
        return (settings, settings.Plan(generation));
    }

    /// <summary>The steps that these settings mean.</summary>
    public RepairPlan Plan(GenerationOptions generation) => new(generation, Resamplings, JumpLength);

    public void Write(Stream stream) => SettingsJson.Write(stream, this);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type, or does not fit the model.</exception>
    public static RepairSettings Read(Stream stream, DiffEncTransformer model) => SettingsJson.Read<RepairSettings>(stream, "repair", s =>
    {
        s.Check();
        GenerationCheck.Resolve(s.Generation.ToOptions(), model);
    });

    private void Check()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(OutputColumnName);
        if (MaskColumnName is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(MaskColumnName);
        if (Generation.Sampler != SamplerKind.Ancestral)
            throw Refusal("Generation.Sampler", Generation.Sampler, "Ancestral: known pixels are put in place between its steps");
        if (Resamplings is < 1 or > MostResamplings)
            throw Refusal(nameof(Resamplings), Resamplings, $"1..{MostResamplings}");
        if (JumpLength < 1)
            throw Refusal(nameof(JumpLength), JumpLength, "at least 1");
        if (MaskThreshold == 0)
            throw Refusal(nameof(MaskThreshold), MaskThreshold, "1..255: every place of any mask is at least 0");
        if (MaskColumnName is null && !(AnomalousShare is > 0 and < 1))
            throw Refusal(nameof(AnomalousShare), AnomalousShare, "above 0 and below 1, as there is no mask");
    }

    private static ArgumentOutOfRangeException Refusal<T>(string name, T value, string expected)
        => new(name, string.Create(CultureInfo.InvariantCulture, $"The option {name} is {value}; expected {expected}."));
}
