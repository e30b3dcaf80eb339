namespace Microsoft.ML.DiffEnc.Benchmarks.Workers;

/// <summary>A worker could not be started, has ended, or could not do what it was asked; the message is for the user.</summary>
internal sealed class WorkerException(string message, Exception? inner = null) : Exception(message, inner);
