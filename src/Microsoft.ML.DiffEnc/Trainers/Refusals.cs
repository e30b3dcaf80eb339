using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Checks of single options; each passes a good value on.</summary>
internal static class Refusals
{
    public static void Defined<T>(T value, string name) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
            throw Refusal(name, $"is {value}; expected one of {string.Join(", ", Enum.GetNames<T>())}");
    }

    public static int InRange(int value, int least, int most, string name)
        => value >= least && value <= most ? value : throw OutOfRange(name, value, most == int.MaxValue ? $"at least {least}" : $"{least}..{most}");

    public static double Positive(double value, string name)
        => double.IsFinite(value) && value > 0 ? value : throw OutOfRange(name, value, "a finite number above 0");

    public static double NotNegative(double value, string name)
        => double.IsFinite(value) && value >= 0 ? value : throw OutOfRange(name, value, "a finite number, at least 0");

    public static double Share(double value, string name)
        => value is >= 0 and < 1 ? value : throw OutOfRange(name, value, "at least 0 and below 1");

    public static ArgumentOutOfRangeException OutOfRange<T>(string name, T value, string expected) where T : INumber<T>
        => Refusal(name, string.Create(CultureInfo.InvariantCulture, $"is {value}; expected {expected}"));

    public static ArgumentOutOfRangeException Refusal(string name, string what) => new(name, $"The option {name} {what}.");
}
