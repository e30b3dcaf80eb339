using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Times that cover [0, 1) evenly from one uniform draw (VDM, appendix I.1).</summary>
internal static class LowDiscrepancy
{
    /// <summary>t_i = frac(u + i/count), i = 0..count − 1, in double precision.</summary>
    /// <param name="u">One draw, [1], uniform in [0, 1).</param>
    /// <param name="count">The number of times.</param>
    public static Tensor Times(Tensor u, long count)
    {
        using var scope = NewDisposeScope();
        return (u.to(float64) + arange(count, dtype: float64, device: u.device) / count).frac().MoveToOuterDisposeScope();
    }
}
