using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// TorchSharp leaves what a backward function is given and what it returns to the surrounding scope, which ends with the step. Activations' gradients
/// cannot be kept so long: what is given is freed when it is used, what is returned when the next function is called, which libtorch's graph then
/// holds or has done with.
/// </summary>
internal static class GradientLifetime
{
    [ThreadStatic]
    private static List<Tensor?>? _returned;

    /// <param name="gradients">What a backward function is given.</param>
    /// <param name="backward">Computes what it returns; <see langword="null"/> stands for a gradient that nobody needs.</param>
    /// <returns>The same behind nothing for the first argument, which describes the call.</returns>
    public static List<Tensor> Compute(List<Tensor> gradients, Func<List<Tensor?>> backward)
    {
        _returned?.ForEach(t => t?.Dispose());
        List<Tensor?> result;
        using (NewDisposeScope())
        {
            result = backward();
            result.ForEach(t => t?.MoveToOuterDisposeScope());
        }
        gradients.ForEach(g => g.Dispose());
        _returned = result;
        return [null!, .. result.Select(t => t!)];
    }
}
