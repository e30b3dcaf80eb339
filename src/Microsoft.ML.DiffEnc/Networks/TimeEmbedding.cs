using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Embeds time and conditioning: sines and cosines of 1000·t' at n/2 frequencies, the conditioning number beside them, then two
/// dense layers of width 4n, each followed by swish.
/// </summary>
internal sealed class TimeEmbedding : nn.Module
{
    private readonly Dense _dense0, _dense1;
    private readonly long _size;

    public TimeEmbedding(long size, Initializer init) : base(nameof(TimeEmbedding))
    {
        _size = size;
        _dense0 = new Dense(size + 1, 4 * size, init);
        _dense1 = new Dense(4 * size, 4 * size, init);
        register_module("dense0", _dense0);
        register_module("dense1", _dense1);
    }

    /// <param name="time">t' = (γ − γ_min)/(γ_max − γ_min), [B], in double precision, with its tangent.</param>
    /// <param name="conditioning">The conditioning number, [B], in the network's type; 0 when unconditional.</param>
    /// <returns>[B, 4n].</returns>
    public Dual Forward(Dual time, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        var dtype = conditioning.dtype;
        long half = _size / 2;
        var frequencies = exp(arange(half, dtype: float64, device: time.Value.device) * (-Math.Log(10000.0) / (half - 1)));
        var angle = (1000 * time.Value).unsqueeze(1) * frequencies; // [B, n/2]
        var (sine, cosine) = (sin(angle), cos(angle));
        var number = conditioning.unsqueeze(1);
        Tensor? tangent = null;
        if (time.Tangent is not null)
        {
            var dAngle = (1000 * time.Tangent).unsqueeze(1) * frequencies;
            tangent = cat([(cosine * dAngle).to(dtype), (-sine * dAngle).to(dtype), zeros_like(number)], 1);
        }
        var embedded = new Dual(cat([sine.to(dtype), cosine.to(dtype), number], 1), tangent); // [B, n + 1]
        return _dense1.Forward(_dense0.Forward(embedded).Swish()).Swish().MoveToOuterDisposeScope();
    }
}
