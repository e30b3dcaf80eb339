namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>Another rank is gone, has failed or does not come: what this one was doing cannot be finished.</summary>
internal sealed class RankFailureException(string message, Exception? inner = null) : InvalidOperationException(message, inner);
