namespace Microsoft.ML.DiffEnc;

/// <summary>How the encoder's U-Net spends its ResNet blocks (DiffEnc, appendix on architectures).</summary>
public enum EncoderLayout
{
    /// <summary>One block on each of L levels; each level halves the picture. The paper's encoder "2" of MNIST and CIFAR-10.</summary>
    Plain,

    /// <summary>Few levels with several blocks each: halving stops at about 8 pixels. The paper's encoders "4" and "8".</summary>
    MultiResolution,
}
