using System.Diagnostics;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019) with β = (0.9, 0.99) and ε = 1e−8, the paper's; no decay on biases. One fused kernel updates
/// all weights: ours on the CPU, libtorch's, which TorchSharp reaches through TorchScript, elsewhere.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9, Beta2 = 0.99, Epsilon = 1e-8;

    private static readonly Lazy<jit.CompilationUnit> Kernel = new(() => jit.compile("""
        def step(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], none: List[Tensor], t: List[Tensor],
                 lr: float, beta1: float, beta2: float, decay: float, epsilon: float) -> Tensor:
            torch._foreach_add_(t, 1.0)
            torch._fused_adamw_(p, g, m, v, none, t, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=epsilon,
                                amsgrad=False, maximize=False, grad_scale=None, found_inf=None)
            return t[0]

        """));

    private readonly Group[] _groups;

    /// <param name="parameters">The weights by name, on the device on which they stay.</param>
    /// <param name="weightDecay">For all weights but biases.</param>
    public AdamW(IReadOnlyDictionary<string, Tensor> parameters, double weightDecay)
    {
        bool IsBias(string name) => name.EndsWith(".bias", StringComparison.Ordinal);
        _groups =
        [
            new Group(parameters.Where(p => !IsBias(p.Key)), weightDecay),
            new Group(parameters.Where(p => IsBias(p.Key)), 0),
        ];
    }

    /// <summary>Moves every weight by its gradient, and forgets the gradients.</summary>
    public void Step(double learningRate)
    {
        using var noGradients = no_grad();
        foreach (var group in _groups)
            group.Step(learningRate);
    }

    /// <summary>The moments and the step count, by name, for a checkpoint: the tensors themselves, not copies.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => _groups.SelectMany(g => g.State);

    public void Dispose()
    {
        foreach (var group in _groups)
            group.Dispose();
    }

    private sealed class Group : IDisposable
    {
        private static readonly Tensor[] None = [];
        private readonly string[] _names;
        private readonly Tensor[] _weights, _mean, _square, _steps;
        private readonly double _decay;
        private readonly bool _onCpu;

        public Group(IEnumerable<KeyValuePair<string, Tensor>> parameters, double decay)
        {
            var ordered = parameters.OrderBy(p => p.Key, StringComparer.Ordinal).ToArray();
            _names = [.. ordered.Select(p => p.Key)];
            _weights = [.. ordered.Select(p => p.Value)];
            _decay = decay;
            _onCpu = AdamWKernel.Takes(_weights);
            Tensor[] Zeros(Func<Tensor, Tensor> make) => [.. _weights.Select(w => make(w).DetachFromDisposeScope())];
            using var noGradients = no_grad();
            _mean = Zeros(w => zeros_like(w));
            _square = Zeros(w => zeros_like(w));
            _steps = Zeros(w => zeros([], dtype: float32, device: w.device));
        }

        public IEnumerable<KeyValuePair<string, Tensor>> State => _names.SelectMany((name, i) => new[]
        {
            KeyValuePair.Create(TrainingState.Mean(name), _mean[i]),
            KeyValuePair.Create(TrainingState.Square(name), _square[i]),
            KeyValuePair.Create(TrainingState.Updates(name), _steps[i]),
        });

        public void Step(double learningRate)
        {
            if (_weights.Length == 0)
                return;
            using var scope = NewDisposeScope();
            var gradients = Array.ConvertAll(_weights, w => w.grad ?? throw new UnreachableException("A weight has no part in the loss."));
            if (_onCpu)
                AdamWKernel.Step(
                    _weights, Array.ConvertAll(gradients, g => g.contiguous()), _mean, _square, _steps, new(learningRate, Beta1, Beta2, _decay, Epsilon));
            else
                Kernel.Value.invoke("step", _weights, gradients, _mean, _square, None, _steps, learningRate, Beta1, Beta2, _decay, Epsilon);
            foreach (var weight in _weights)
                weight.grad = null;
        }

        public void Dispose()
        {
            foreach (var tensor in _mean.Concat(_square).Concat(_steps))
                tensor.Dispose();
        }
    }
}
