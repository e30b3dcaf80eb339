namespace Microsoft.ML.DiffEnc;

/// <summary>What the diffusion process is applied to (DiffEnc, section 4).</summary>
public enum EncoderKind
{
    /// <summary>x_t = α_t² x + σ_t² y_φ(x, λ_t), with a trained network y_φ.</summary>
    Trainable,

    /// <summary>x_t = α_t² x: the encoding fades with the noise; nothing to train.</summary>
    NonTrainable,

    /// <summary>x_t = x: a plain variational diffusion model.</summary>
    None,
}
