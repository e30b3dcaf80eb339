using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;

namespace Microsoft.ML.DiffEnc.Benchmarks.Results;

/// <summary>All that one command measured.</summary>
internal sealed class BenchmarkResults
{
    public required BenchmarkSettings Settings { get; init; }
    public List<(string Name, WorkerReply Hello)> Sides { get; } = [];
    public List<CheckResult> Checks { get; } = [];
    public List<Measurement> Measurements { get; } = [];

    /// <summary>The best that a side reached on a convolution and on a matrix product, GFLOP/s.</summary>
    public (double Convolution, double Product) Peak(string side)
    {
        var ofSide = Measurements.Where(m => m.Side == side).ToArray();
        return (ofSide.SelectMany(m => m.PeakConvolutions).Max(), ofSide.SelectMany(m => m.PeakProducts).Max());
    }

    /// <summary>The model without encoder whose denoiser a model has, measured on the same side; itself where there is none.</summary>
    public Measurement WithoutEncoder(Measurement m)
        => Measurements.FirstOrDefault(o => o.Setting == m.Setting && o.Side == m.Side && o.Case.Encoder is null && o.Case.Denoiser == m.Case.Denoiser) ?? m;

    /// <summary>Of ours and each peer, on the same model and setting.</summary>
    public IEnumerable<(Measurement Ours, Measurement Peer)> Pairs =>
        from ours in Measurements
        where !ours.IsPeer
        from peer in Measurements
        where peer.IsPeer && peer.Case == ours.Case && peer.Setting == ours.Setting
        select (ours, peer);
}

/// <summary>A peer's model, in double precision, compared with ours in double precision and as it is trained.</summary>
internal sealed record CheckResult(BenchmarkCase Case, ImageSize Images, long Parameters, Deviation Exact, Deviation AsTrained);

/// <summary>The largest relative deviations.</summary>
internal sealed record Deviation(double Losses, double Gradients);
