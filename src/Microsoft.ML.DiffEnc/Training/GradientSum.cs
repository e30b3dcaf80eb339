using System.Diagnostics;
using Microsoft.ML.DiffEnc.Ranks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// Adds up, over all ranks, the gradients of their slices of a batch, and their losses with them: one buffer, one message.
/// </summary>
internal sealed class GradientSum : IDisposable
{
    private static readonly Lazy<jit.CompilationUnit> Kernel = new(() => jit.compile("""
        def copy(to: List[Tensor], of: List[Tensor]) -> Tensor:
            torch._foreach_copy_(to, of)
            return to[0]

        """));

    private readonly IRankGroup _ranks;
    private readonly Tensor[] _weights, _views;
    private readonly Tensor _buffer, _losses;

    /// <param name="ranks">The ranks.</param>
    /// <param name="weights">All weights by name, on the device on which they stay.</param>
    /// <param name="losses">How many losses go with the gradients.</param>
    public GradientSum(IRankGroup ranks, IReadOnlyDictionary<string, Tensor> weights, int losses)
    {
        _ranks = ranks;
        _weights = [.. weights.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => w.Value)];
        long[] lengths = Array.ConvertAll(_weights, w => w.numel());
        using var noGradients = no_grad();
        _buffer = zeros(lengths.Sum() + losses, dtype: float32, device: _weights[0].device).DetachFromDisposeScope();
        _views = new Tensor[_weights.Length];
        long first = 0;
        for (int i = 0; i < _weights.Length; first += lengths[i++])
        {
            using var part = _buffer.narrow(0, first, lengths[i]);
            _views[i] = part.view(_weights[i].shape).DetachFromDisposeScope();
        }
        _losses = _buffer.narrow(0, first, losses).DetachFromDisposeScope();
    }

    /// <summary>Gives every weight the sum of its gradients.</summary>
    /// <param name="losses">This rank's share of the losses, [losses].</param>
    /// <returns>Their sums, in the losses' own precision.</returns>
    public Tensor Apply(Tensor losses)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var gradients = Array.ConvertAll(_weights, w => w.grad ?? throw new UnreachableException("A weight has no part in the loss."));
        Kernel.Value.invoke("copy", _views, gradients);
        _losses.copy_(losses);
        _ranks.Sum(_buffer);
        for (int i = 0; i < _weights.Length; i++)
            _weights[i].grad = _views[i];
        return _losses.to(losses.dtype, copy: true).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var view in _views)
            view.Dispose();
        _losses.Dispose();
        _buffer.Dispose();
    }
}
