using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>A call of a kernel as an operation on tensors that libtorch can differentiate, once.</summary>
internal sealed class KernelFunction : autograd.MultiTensorFunction<KernelFunction>
{
    private const string CallKey = "call", ArgumentsKey = "arguments";

    /// <inheritdoc/>
    public override string Name => "Kernel";

    /// <summary>The call's results, recorded in the graph where gradients are.</summary>
    public static List<Tensor> Apply(IKernelCall call, params IReadOnlyList<Tensor> inputs)
    {
        if (!is_grad_enabled() || !inputs.Any(x => x.requires_grad))
            return call.Forward(inputs);
        var attempt = new Attempt(call);
        var outputs = apply([attempt, .. inputs]);
        attempt.Failure?.Throw();
        return outputs;
    }

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (attempt, inputs) = ((Attempt)vars[0], vars.Skip(1).Cast<Tensor>().ToList());
        var call = attempt.Call;
        ctx.save_for_backward(inputs.SkipLast(call.ForwardOnly).ToList());
        ctx.save_data(CallKey, call);
        ctx.save_data(ArgumentsKey, vars.Length);
        ctx.set_materialize_grads(false);
        try
        {
            return call.Forward(inputs);
        }
        catch (Exception e) // TorchSharp would keep the function, and with it the graph before it, for ever
        {
            attempt.Failure = ExceptionDispatchInfo.Capture(e);
            return [];
        }
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var gradients = GradientLifetime.Compute(ctx, grad_outputs, ((IKernelCall)ctx.get_data(CallKey)).Backward);
        return gradients is null
            ? [.. Enumerable.Repeat<Tensor>(null!, (int)ctx.get_data(ArgumentsKey))]
            : [null!, .. gradients.Select(g => g!)]; // none for the call itself
    }

    /// <summary>A call, and why its forward pass failed.</summary>
    private sealed class Attempt(IKernelCall call)
    {
        public IKernelCall Call => call;

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
