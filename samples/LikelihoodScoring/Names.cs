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

    /// <summary>As it stands in a sentence or a legend.</summary>
    public static string Phrase(EncoderKind encoder) => encoder == EncoderKind.None ? "no encoder" : $"{Of(encoder)} encoder";
}
