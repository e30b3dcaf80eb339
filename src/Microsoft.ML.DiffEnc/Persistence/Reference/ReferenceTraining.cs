using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>
/// A training of the authors' code as it stood when it wrote its checkpoint: all that a step of theirs starts from. Moments are laid out like their
/// weights, so they go through the same map.
/// </summary>
/// <param name="Step">Steps done, by which the learning rate goes.</param>
/// <param name="Updates">Updates done by the optimiser, by which it corrects the bias of its moments.</param>
/// <param name="Weights">The weights of the last step, by our names and in our layouts.</param>
/// <param name="Average">Their moving average.</param>
/// <param name="Mean">AdamW's first moments, μ.</param>
/// <param name="Square">AdamW's second moments, ν.</param>
internal sealed record ReferenceTraining(
    int Step,
    int Updates,
    Dictionary<string, Tensor> Weights,
    Dictionary<string, Tensor> Average,
    Dictionary<string, Tensor> Mean,
    Dictionary<string, Tensor> Square)
{
    /// <summary>Reads a checkpoint with its optimiser state. The tensors, in single precision, belong to the caller's dispose scope.</summary>
    /// <param name="checkpointPath">The checkpoint.</param>
    /// <param name="configPath">The configuration that <paramref name="description"/> was read from, for messages.</param>
    /// <param name="description">The model.</param>
    /// <exception cref="IOException">The checkpoint cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is damaged, does not fit the model, or has no whole optimiser state; the message says
    /// what.</exception>
    public static ReferenceTraining Load(string checkpointPath, string configPath, ModelDescription description)
    {
        var file = ReferenceFile.Read(checkpointPath);
        var parameters = ReferenceParameterMap.Of(description);
        // Optax keeps a chain's states by number. AdamW's is a chain whose first part has the moments; with gradient clipping, it is the second part
        // of another chain.
        string[] adam = file.Has("opt_state", "1", "0", "mu") ? ["opt_state", "1", "0"] : ["opt_state", "0"];
        ReferenceWeights[] trees = [file.Weights("params"), file.Weights("ema_params"), file.Weights([.. adam, "mu"]), file.Weights([.. adam, "nu"])];
        foreach (var tree in trees)
            tree.RequireFitting(parameters, configPath);

        Dictionary<string, Tensor> Tensors(ReferenceWeights tree)
            => tree.ToTensors(parameters, configPath).ToDictionary(t => t.Key, t => t.Value.to(float32), StringComparer.Ordinal);
        return new ReferenceTraining(
            file.Counter("step"), file.Counter([.. adam, "count"]), Tensors(trees[0]), Tensors(trees[1]), Tensors(trees[2]), Tensors(trees[3]));
    }
}
