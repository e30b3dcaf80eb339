using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>What a training starts from instead of fresh weights. Its tensors are its own.</summary>
internal sealed class TrainingStart : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors;

    private TrainingStart(int step, Dictionary<string, Tensor> tensors)
    {
        (Step, _tensors) = (step, tensors);
        ulong hash = Seeds.Mix(0, (ulong)step);
        foreach (var (name, tensor) in tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
            hash = Seeds.Mix(hash, Seeds.Hash(Encoding.UTF8.GetBytes(name)), Seeds.Hash(tensor.bytes));
        Fingerprint = hash;
    }

    /// <summary>Steps done before.</summary>
    public int Step { get; }

    /// <summary>Of all of it: a checkpoint says with this what its training started from.</summary>
    public ulong Fingerprint { get; }

    /// <summary>A model's weights, and nothing else: the training begins at step 0, with its warm-up, and the average at the weights.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public static TrainingStart From(DiffEncModel model)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, weight) in model.NamedParameters)
        {
            var value = weight.detach().to(float32).cpu().contiguous();
            tensors.Add(TrainingState.Weight(name), value);
            tensors.Add(TrainingState.Average(name), value.alias());
        }
        return Keep(0, tensors);
    }

    /// <summary>A training of the authors' code with weights, average, moments and step.</summary>
    /// <exception cref="IOException">The checkpoint cannot be read.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, does not fit the model, or has no whole optimiser state.</exception>
    public static TrainingStart FromReference(string checkpointPath, string configPath, ModelDescription description)
    {
        using var scope = NewDisposeScope();
        var reference = ReferenceTraining.Load(checkpointPath, configPath, description);
        using var section = ComputeSection.Enter();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string name in reference.Weights.Keys)
        {
            tensors.Add(TrainingState.Weight(name), reference.Weights[name]);
            tensors.Add(TrainingState.Average(name), reference.Average[name]);
            tensors.Add(TrainingState.Mean(name), reference.Mean[name]);
            tensors.Add(TrainingState.Square(name), reference.Square[name]);
            tensors.Add(TrainingState.Updates(name), tensor(reference.Updates, dtype: float32));
        }
        return Keep(reference.Step, tensors);
    }

    /// <summary>Overwrites those tensors of a training that are part of the start.</summary>
    /// <param name="state">All tensors of the training, by the names of <see cref="TrainingState"/>.</param>
    public void CopyTo(IReadOnlyDictionary<string, Tensor> state)
    {
        WeightCheck.ThrowUnlessMatching(_tensors.Keys.ToDictionary(name => name, name => state[name]), _tensors);
        using var noGradients = no_grad();
        foreach (var (name, tensor) in _tensors)
            state[name].copy_(tensor);
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }

    private static TrainingStart Keep(int step, Dictionary<string, Tensor> tensors)
    {
        var start = new TrainingStart(step, tensors);
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
        return start;
    }
}
