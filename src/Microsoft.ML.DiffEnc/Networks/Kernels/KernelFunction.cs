using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>A call of a kernel as an operation on tensors that libtorch can differentiate, once.</summary>
internal sealed class KernelFunction : autograd.MultiTensorFunction<KernelFunction>
{
    private const string Call = "call", Arguments = "arguments";

    /// <inheritdoc/>
    public override string Name => "Kernel";

    /// <summary>The call's results, recorded in the graph where gradients are.</summary>
    public static List<Tensor> Apply(IKernelCall call, params IReadOnlyList<Tensor> inputs)
        => is_grad_enabled() && inputs.Any(x => x.requires_grad) ? apply([call, .. inputs]) : call.Forward(inputs);

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (call, inputs) = ((IKernelCall)vars[0], vars.Skip(1).Cast<Tensor>().ToList());
        ctx.save_for_backward(inputs.SkipLast(call.ForwardOnly).ToList());
        ctx.save_data(Call, call);
        ctx.save_data(Arguments, vars.Length);
        ctx.set_materialize_grads(false);
        return call.Forward(inputs);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var gradients = GradientLifetime.Compute(ctx, grad_outputs, ((IKernelCall)ctx.get_data(Call)).Backward);
        return gradients is null
            ? [.. Enumerable.Repeat<Tensor>(null!, (int)ctx.get_data(Arguments))]
            : [null!, .. gradients.Select(g => g!)]; // none for the call itself
    }
}
