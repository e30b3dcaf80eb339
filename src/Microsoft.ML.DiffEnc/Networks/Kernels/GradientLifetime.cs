using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// How long the tensors of a backward function live. TorchSharp leaves what it is given and what it returns to the surrounding scope, which ends with
/// the step, and what its forward pass saved to the graph. Activations and their gradients cannot be kept so long: what is given is freed when it is
/// used, what is returned when the next function is called, which libtorch's graph then holds or has done with, and within <see cref="Once"/> what was
/// saved is freed as well, as libtorch's own functions do.
/// </summary>
internal static class GradientLifetime
{
    [ThreadStatic]
    private static List<Tensor?>? _returned;

    [ThreadStatic]
    private static bool _once;

    /// <summary>Until the result is disposed of, on the same thread, gradients are taken through each graph but once.</summary>
    public static IDisposable Once()
    {
        _once = true;
        return new Ending();
    }

    /// <param name="context">Of the function.</param>
    /// <param name="gradients">What the backward function is given.</param>
    /// <param name="backward">Computes what it returns from what was saved; <see langword="null"/> stands for a gradient that nobody needs.</param>
    /// <returns>The same behind nothing for the first argument, which describes the call.</returns>
    public static List<Tensor> Compute(autograd.AutogradContext context, List<Tensor> gradients, Func<List<Tensor>, List<Tensor?>> backward)
    {
        _returned?.ForEach(t => t?.Dispose());
        List<Tensor?> result;
        using (NewDisposeScope())
        {
            result = backward(context.get_saved_variables());
            result.ForEach(t => t?.MoveToOuterDisposeScope());
        }
        gradients.ForEach(g => g.Dispose());
        if (_once)
            context.Dispose();
        _returned = result;
        return [null!, .. result.Select(t => t!)];
    }

    private sealed class Ending : IDisposable
    {
        public void Dispose() => _once = false;
    }
}
