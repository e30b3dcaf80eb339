using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>The size of a step's error, [A], in units of what is tolerated: a step is good where it is at most 1.</summary>
/// <param name="error">What is to be measured, [A, n].</param>
/// <param name="from">The state before the step, [A, n].</param>
/// <param name="to">The state after it, [A, n].</param>
internal delegate Tensor ErrorNorm(Tensor error, Tensor from, Tensor to);

/// <summary>The error tolerated in a component y of the state, per step: Absolute + Relative |y|.</summary>
internal readonly record struct OdeTolerance(double Absolute, double Relative)
{
    /// <summary>The root mean square over the components, as <see cref="ErrorNorm"/>.</summary>
    public Tensor RootMeanSquare(Tensor error, Tensor from, Tensor to)
        => (error / (Absolute + Relative * maximum(from.abs(), to.abs()))).square().mean([1L]).sqrt();
}
