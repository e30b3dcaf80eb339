namespace Microsoft.ML.DiffEnc;

/// <summary>What of a model represents an image.</summary>
public enum RepresentationKind
{
    /// <summary>The encoding x_φ(λ_t) itself: what the diffusion carries in place of the image at time t (DiffEnc, section 4).</summary>
    Encoding,

    /// <summary>The encoder's output y_φ(x, λ_t). Needs a trainable encoder.</summary>
    EncoderOutput,

    /// <summary>An inner activation of the denoiser, which sees the noisy z_t.</summary>
    DenoiserFeatures,

    /// <summary>An inner activation of the encoder, which sees the image and the time. Needs a trainable encoder.</summary>
    EncoderFeatures,

    /// <summary>The diffusion loss at each of the times, in bits per dimension and unit of time: one number a time.</summary>
    LossProfile,
}
