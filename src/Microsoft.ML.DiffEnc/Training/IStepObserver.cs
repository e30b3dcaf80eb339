using Microsoft.ML.DiffEnc.Networks;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Told how a training step proceeds, at the end of each part: for benchmarks.</summary>
internal interface IStepObserver
{
    /// <param name="phase">What was just done. On a GPU: begun.</param>
    /// <param name="slice">For which images of the batch.</param>
    void Reached(StepPhase phase, BatchSlice slice);
}

/// <summary>The parts of a training step.</summary>
internal enum StepPhase
{
    /// <summary>Images gathered, noise drawn.</summary>
    Data,

    /// <summary>The losses.</summary>
    Forward,

    /// <summary>The gradients.</summary>
    Backward,

    /// <summary>Weights and their average moved.</summary>
    Update,
}
