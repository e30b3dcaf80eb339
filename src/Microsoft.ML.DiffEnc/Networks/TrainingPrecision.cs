namespace Microsoft.ML.DiffEnc;

/// <summary>
/// The arithmetic of the networks in training. Weights, their average, the optimiser's moments, gradients of weights and losses are in single precision
/// whichever it is, and so is scoring.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The formats are called so.")]
public enum TrainingPrecision
{
    /// <summary>Single precision, also on GPUs that would rather round to TF32.</summary>
    Float32,

    /// <summary>Single precision whose products are rounded to TF32 (10 bits after the point), on NVIDIA GPUs since Ampere. The CPU has none.</summary>
    TensorFloat32,

    /// <summary>
    /// Convolutions, dense layers and attention in bfloat16 (7 bits after the point), the rest in single precision: libtorch's autocast. On GPUs, and on
    /// CPUs with AVX512-BF16 or AMX; others compute it more slowly than single precision.
    /// </summary>
    BFloat16,
}
