namespace Microsoft.ML.DiffEnc.Benchmarks.Kernels;

/// <summary>Seconds of each round.</summary>
internal sealed record PartTimes(List<double> Forward, List<double> Backward);
