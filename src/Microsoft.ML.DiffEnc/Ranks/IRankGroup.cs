using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>
/// Several who compute the same thing together: processes, or threads with a device each. All of them call the same members in the same order, and each
/// call returns when all have made it.
/// </summary>
/// <remarks>Every call throws <see cref="RankFailureException"/> where another rank is gone, has failed or does not come.</remarks>
internal interface IRankGroup
{
    /// <summary>Which one this is, 0..<see cref="Size"/> − 1.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Size { get; }

    /// <summary>Puts the sum over all ranks in the place of a tensor: the same bits for each.</summary>
    /// <param name="tensor">Single precision, contiguous, of the same length for each.</param>
    void Sum(Tensor tensor);

    /// <summary>Overwrites a tensor, contiguous and alike for each, with rank 0's.</summary>
    void Broadcast(Tensor tensor);

    /// <summary>Whether anyone says yes.</summary>
    bool Any(bool yes);

    /// <summary>What each has to say, by rank.</summary>
    byte[][] Gather(byte[] mine);

    /// <summary>
    /// Until the result is disposed of: when the operating system asks this process to end, rank 0 saves at once, on another thread, and the group stops.
    /// </summary>
    /// <param name="save">What rank 0 does.</param>
    IDisposable Guard(Action save);

    /// <summary>
    /// Ends the work together after an error: tells the others, lets rank 0 save what can be saved, and holds the others back until it has. Never throws.
    /// </summary>
    /// <param name="error">This rank's error.</param>
    /// <param name="save">What rank 0 does; <see langword="null"/>: nothing.</param>
    void Abandon(Exception error, Action? save);
}
