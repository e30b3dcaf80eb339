using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// How backward functions of our own are called, and how long their tensors live. TorchSharp leaves what they are given and what they return to the
/// surrounding scope, which ends with the step, and what their forward pass saved to the graph. Activations and their gradients cannot be kept so long:
/// what is given is freed when it is used, what is returned when the next function is called, which libtorch's graph then holds or has done with, and
/// what was saved with its last use, as in libtorch's own functions.
/// </summary>
internal static class GradientLifetime
{
    [ThreadStatic]
    private static List<Tensor?>? _returned;

    [ThreadStatic]
    private static Run? _run;

    /// <summary>Whether the gradients of weights are wanted in the pass that is under way.</summary>
    public static bool OfWeights => _run is not { OfInputsOnly: true };

    /// <summary>Takes gradients through a graph.</summary>
    /// <param name="pass">The pass, on this thread.</param>
    /// <param name="last">Whether no other one through this graph follows.</param>
    /// <param name="ofInputsOnly">Whether it takes no gradients of weights.</param>
    /// <remarks>
    /// An exception in a function that libtorch calls would end the process. So it is kept, the pass goes on without gradients, and then it is thrown.
    /// </remarks>
    public static void Take(Action pass, bool last = true, bool ofInputsOnly = false)
    {
        var run = new Run(last, ofInputsOnly);
        _run = run;
        try
        {
            pass();
        }
        catch (Exception) when (run.Failure is not null)
        {
            // libtorch misses the gradients of the function that failed; why it did is what counts.
        }
        finally
        {
            _run = null;
        }
        run.Failure?.Throw();
    }

    /// <param name="context">Of the function, which does not have missing gradients made.</param>
    /// <param name="gradients">What the backward function is given, all of one shape; those may be missing that no loss depends on.</param>
    /// <param name="backward">Computes what it returns from what was saved and from the gradients.</param>
    /// <returns><see langword="null"/> where there is nothing to return: no gradient came, or a function of this pass has failed.</returns>
    public static List<Tensor?>? Compute(
        autograd.AutogradContext context, List<Tensor> gradients, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, List<Tensor?>> backward)
    {
        _returned?.ForEach(t => t?.Dispose());
        _returned = null;
        if (_run?.Failure is not null || gradients.Find(g => !g.IsInvalid) is not { } like)
            return null;
        try
        {
            List<Tensor?> result;
            using (NewDisposeScope())
            {
                result = backward(context.get_saved_variables(), [.. gradients.Select(g => g.IsInvalid ? zeros_like(like) : g)]);
                result.ForEach(t => t?.MoveToOuterDisposeScope());
            }
            return _returned = result;
        }
        catch (Exception e) when (_run is not null)
        {
            _run.Failure = ExceptionDispatchInfo.Capture(e);
            return null;
        }
        finally
        {
            gradients.ForEach(g => g.Dispose());
            if (_run is { Last: true })
                context.Dispose();
        }
    }

    private sealed class Run(bool last, bool ofInputsOnly)
    {
        public bool Last => last;

        public bool OfInputsOnly => ofInputsOnly;

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
