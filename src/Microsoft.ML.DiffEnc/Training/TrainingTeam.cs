using System.Globalization;
using System.Text.Json;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Ranks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// What makes several ranks train one model: each computes its slice of every batch, all begin with rank 0's tensors, and as they add up gradients that
/// are the same for each, they stay at the same weights.
/// </summary>
internal sealed class TrainingTeam(TrainingPlan plan)
{
    private readonly IRankGroup _ranks = plan.Ranks;

    /// <summary>This rank's part of every batch: as large as the others', or one image larger.</summary>
    public BatchSlice Slice { get; } = SliceOf(plan.Settings.BatchSize, plan.Ranks);

    /// <summary>Whether this rank reports, looks at the validation set and writes checkpoints.</summary>
    public bool Leads => _ranks.Rank == 0;

    /// <summary>Throws, on every rank, unless all were given the same to do.</summary>
    /// <exception cref="InvalidOperationException">One was given something else; the message says who and what.</exception>
    public void Agree(TrainingIdentity identity)
    {
        var mine = new Task(identity, plan.Steps, plan.CheckpointEverySteps);
        Task[] all = Array.ConvertAll(
            _ranks.Gather(JsonSerializer.SerializeToUtf8Bytes(mine)), json => JsonSerializer.Deserialize<Task>(json) ?? throw new JsonException("null"));
        for (int rank = 1; rank < all.Length; rank++)
            if (all[rank].DifferenceFrom(all[0]) is { } difference)
                throw new InvalidOperationException(
                    $"Rank {rank} is to train something else than rank 0: {difference}. Give every process the same options and the same data.");
    }

    /// <summary>Has every rank begin where rank 0 does.</summary>
    /// <param name="first">Steps done before.</param>
    /// <param name="state">All tensors of the training, overwritten.</param>
    /// <returns>Rank 0's <paramref name="first"/>.</returns>
    public int Begin(int first, IReadOnlyDictionary<string, Tensor> state)
    {
        first = BitConverter.ToInt32(_ranks.Gather(BitConverter.GetBytes(first))[0]);
        foreach (var (_, tensor) in state.OrderBy(s => s.Key, StringComparer.Ordinal))
            _ranks.Broadcast(tensor);
        return first;
    }

    /// <summary>Throws, on every rank, if their weights are no longer the same bits.</summary>
    /// <exception cref="InvalidOperationException">They are not.</exception>
    public void CheckTogether(int done, IReadOnlyDictionary<string, Tensor> state)
    {
        using var scope = NewDisposeScope();
        ulong hash = 0;
        foreach (var (_, tensor) in state.OrderBy(s => s.Key, StringComparer.Ordinal))
            hash = Seeds.Mix(hash, Seeds.Hash(tensor.detach().cpu().bytes));
        ulong[] all = Array.ConvertAll(_ranks.Gather(BitConverter.GetBytes(hash)), bytes => BitConverter.ToUInt64(bytes));
        int apart = Array.FindIndex(all, other => other != all[0]);
        if (apart > 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"By step {done} the weights of rank {apart} are not those of rank 0 any more: its processor or its libtorch computes differently. "
                + $"Use machines and installations of one kind."));
    }

    private static BatchSlice SliceOf(int batch, IRankGroup ranks)
    {
        if (batch < ranks.Size)
            throw new InvalidOperationException(
                $"The option BatchSize, the images of a step for all ranks together, is {batch}, and there are {ranks.Size} ranks: each needs an image. "
                + "Enlarge BatchSize, or use fewer ranks.");
        int first = (int)((long)batch * ranks.Rank / ranks.Size), end = (int)((long)batch * (ranks.Rank + 1) / ranks.Size);
        return new BatchSlice(first, end - first, batch);
    }

    /// <summary>What a rank was given to do.</summary>
    private sealed record Task(TrainingIdentity Identity, int Steps, int CheckpointEverySteps)
    {
        public string? DifferenceFrom(Task other)
            => Identity.DifferenceFrom(other.Identity) is { } difference ? difference
            : Steps != other.Steps ? string.Create(CultureInfo.InvariantCulture, $"the option Steps is {Steps}, there {other.Steps}")
            : CheckpointEverySteps != other.CheckpointEverySteps ? string.Create(
                CultureInfo.InvariantCulture, $"the option CheckpointEverySteps is {CheckpointEverySteps}, there {other.CheckpointEverySteps}")
            : null;
    }
}
