namespace Microsoft.ML.DiffEnc;

/// <summary>Sizes and training settings that go together. The paper's are those of its authors' configuration files.</summary>
public enum DiffEncPreset
{
    /// <summary>A model for a first look and for tests: minutes on a laptop's CPU. Denoiser 32 wide with 1 block, encoder 8/1.</summary>
    Tiny,

    /// <summary>A useful model of small grey pictures; most of a day on a CPU. Denoiser 64 wide with 4 blocks, encoder 32/2.</summary>
    Small,

    /// <summary>VDMv-8: no encoder, denoiser 128/8 (MNIST, CIFAR-10).</summary>
    Vdm8,

    /// <summary>DiffEnc-8-nt: non-trainable encoder, denoiser 128/8 (MNIST, CIFAR-10).</summary>
    DiffEnc8NonTrainable,

    /// <summary>DiffEnc-8-2: encoder 64/2, denoiser 128/8 (MNIST, CIFAR-10).</summary>
    DiffEnc8_2,

    /// <summary>VDMv-32: no encoder, denoiser 128/32 (CIFAR-10).</summary>
    Vdm32,

    /// <summary>DiffEnc-32-2: encoder 64/2, denoiser 128/32 (CIFAR-10).</summary>
    DiffEnc32_2,

    /// <summary>DiffEnc-32-4: multi-resolution encoder 64/4, denoiser 128/32 (CIFAR-10, the paper's best).</summary>
    DiffEnc32_4,

    /// <summary>VDMv-32 for ImageNet at 32×32: no encoder, denoiser 256/32.</summary>
    Vdm32ImageNet,

    /// <summary>DiffEnc-32-8 for ImageNet at 32×32: multi-resolution encoder 64/8, denoiser 256/32.</summary>
    DiffEnc32_8ImageNet,
}
