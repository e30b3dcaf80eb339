namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>At which times, and on how many draws, the profile of an image is taken.</summary>
/// <param name="Times">The fixed times of the diffusion loss, in [0, 1].</param>
/// <param name="Draws">K, the noise draws that each is averaged over.</param>
/// <param name="Seed">Decides the noise, with an image's own pixels.</param>
internal sealed record ProfileDescription(double[] Times, int Draws, int Seed)
{
    /// <summary>The times t of ‖x_t − x‖, what the encoder has changed of the image.</summary>
    public static double[] EncodingTimes { get; } = [0.5, 1];

    /// <summary>The numbers in a profile.</summary>
    public int Size => 2 + Times.Length + EncodingTimes.Length;
}
