using Microsoft.ML.DiffEnc.Networks;
using static System.FormattableString;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>What a description must fulfil before a model is made from it, whether a user or a file gave it.</summary>
internal static class ModelDescriptionCheck
{
    /// <summary>The largest side, width or count accepted.</summary>
    public const int Largest = 4096;

    /// <summary>The most classes accepted: what two bytes an image can tell apart.</summary>
    public const int MostClasses = ushort.MaxValue;

    /// <summary>The largest |γ| accepted: e^γ and e^−γ are still numbers in single precision.</summary>
    private const double LargestGamma = 80;

    /// <summary>The most weights accepted: a dozen times the paper's largest model. It keeps a damaged file from asking for terabytes.</summary>
    private const double MostWeights = 2e9;

    /// <exception cref="InvalidDataException">The description is not that of a possible model.</exception>
    public static void Check(this ModelDescription description)
    {
        if (Problem(description) is { } problem)
            throw new InvalidDataException($"The model's description is not possible: {problem}");
    }

    /// <summary>The first thing wrong with the description, as a sentence; <see langword="null"/>: nothing.</summary>
    public static string? Problem(ModelDescription d)
    {
        if (d.Width is < 1 or > Largest || d.Height is < 1 or > Largest)
            return $"images of {d.Width}×{d.Height} pixels; each side must be in 1..{Largest}.";
        if (d.Channels is not (1 or 3))
            return $"images of {d.Channels} channels; expected 1 (grey) or 3 (colour).";
        if (d.Classes is < 0 or > MostClasses)
            return $"images of {d.Classes} classes; there may be 0 (no conditioning) to {MostClasses}.";
        if (!(Math.Abs(d.GammaMin) <= LargestGamma && Math.Abs(d.GammaMax) <= LargestGamma && d.GammaMin < d.GammaMax))
            return Invariant($"GammaMin {d.GammaMin} and GammaMax {d.GammaMax}; both must be in −{LargestGamma}..{LargestGamma}, and the first below the second.");
        if (d.NoiseSchedule == NoiseScheduleKind.Polynomial && !PolynomialSchedule.Increases(d.GammaMin, d.GammaMax))
            return Invariant($"the noise schedule {d.NoiseSchedule} with GammaMin {d.GammaMin} and GammaMax {d.GammaMax}, between which it does not increase; ")
                + "GammaMin must lie below both 0.5 and 5.5 times GammaMax.";
        if (Problem("denoiser", d.Denoiser) is { } ofDenoiser)
            return ofDenoiser;
        if (Weights(d.Denoiser, d.Denoiser.Blocks) is > MostWeights and var ofDenoisers)
            return Invariant($"a denoiser of about {ofDenoisers / 1e9:F0} billion weights; {MostWeights / 1e9:F0} billion are the most.");
        if (d.Encoder != EncoderKind.None && d.Parameterization != Parameterization.V)
            return $"an encoder with the parameterisation {d.Parameterization}; DiffEnc's encoders need {Parameterization.V}.";
        if (d.OdeHead && d.Encoder != EncoderKind.Trainable)
            return $"a second head (OdeHead) with the encoder {d.Encoder}, for which the ODE is exact without one; "
                + $"it goes with {EncoderKind.Trainable} only.";
        if (d.Encoder != EncoderKind.Trainable)
            return d.EncoderNetwork is null ? null : $"the encoder {d.Encoder} with the size of an encoder network; only a trainable encoder has one.";
        if (d.EncoderNetwork is null)
            return "a trainable encoder without the size of its network.";
        return Problem("encoder", d.EncoderNetwork) ?? HalvingProblem(d, d.EncoderNetwork);
    }

    /// <summary>The first thing in which two descriptions differ, as "A is x, not y"; <see langword="null"/>: nothing.</summary>
    public static string? Difference(ModelDescription expected, ModelDescription found)
        => Differences.Of(expected, found).SelectMany(InOptions)
            .Select(part => Invariant($"{part.Name} is {part.Found ?? "not set"}, not {part.Expected ?? "unset"}"))
            .FirstOrDefault();

    /// <summary>A difference by the names that the options have for it: they have a network's size number by number.</summary>
    private static IEnumerable<(string Name, object? Expected, object? Found)> InOptions((string Name, object? Expected, object? Found) part)
        => part is (_, NetworkSize expected, NetworkSize found)
            ? Differences.Of(expected, found).Select(of => (part.Name.Replace("Network", "", StringComparison.Ordinal) + of.Name, of.One, of.Other))
            : [part];

    private static string? Problem(string name, NetworkSize size)
    {
        if (size.Width is < 4 or > Largest || size.Width % 2 != 0)
            return $"the {name}'s width {size.Width}; it must be even and in 4..{Largest}.";
        if (size.Blocks is < 1 or > Largest)
            return $"{size.Blocks} blocks in the {name}; there must be 1..{Largest}.";
        foreach (int groups in new[] { size.OutputGroups, size.BlockGroups })
            if (groups < 1 || size.Width % groups != 0)
                return $"{groups} norm groups in the {name} of width {size.Width}; the width must be a multiple of the groups.";
        return null;
    }

    /// <summary>About how many weights L blocks down, two in the middle and L + 1 up have: 22 n² each, 33 n² on the way up.</summary>
    private static double Weights(NetworkSize size, double blocks) => (22 * (blocks + 2) + 33 * (blocks + 1)) * size.Width * (double)size.Width;

    private static string? HalvingProblem(ModelDescription d, NetworkSize encoder)
    {
        var (levels, _) = EncoderLevels.Of(d.EncoderLayout, encoder.Blocks, d.Height);
        if (levels > 12)
            return $"an encoder of {levels} levels, the last one {encoder.Width}·2^{levels - 1} wide; 12 levels are the most.";
        if (Weights(encoder with { Width = encoder.Width << (levels - 1) }, encoder.Blocks) is > MostWeights and var ofEncoder)
            return Invariant($"an encoder of about {ofEncoder / 1e9:F0} billion weights; {MostWeights / 1e9:F0} billion are the most.");
        int unit = 1 << levels;
        if (d.Width % unit == 0 && d.Height % unit == 0)
            return null;
        int Next(int side) => (side + unit - 1) / unit * unit;
        return $"an encoder that halves {d.Width}×{d.Height} pixels {levels} times; both sides must be multiples of {unit}. "
            + $"Resize the images to {Next(d.Width)}×{Next(d.Height)}, or take fewer encoder blocks.";
    }
}
