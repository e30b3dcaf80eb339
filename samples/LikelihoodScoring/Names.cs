using Microsoft.ML.DiffEnc;

namespace LikelihoodScoring;

/// <summary>Encoders by their names on the command line.</summary>
internal static class Names
{
    public static string Of(EncoderKind encoder) => encoder switch
    {
        EncoderKind.None => "none",
        EncoderKind.NonTrainable => "non-trainable",
        EncoderKind.Trainable => "trainable",
        _ => encoder.ToString()
    };
}
