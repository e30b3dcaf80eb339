using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Embeds time and conditioning: sines and cosines of 1000·t' at n/2 frequencies, the conditioning beside them, then two
/// dense layers of width 4n, each followed by swish.
/// </summary>
/// <remarks>
/// A model without classes takes the conditioning number as it is, like the authors' networks. A model with classes takes in its place a one-hot of
/// the class, all zeros when unconditional, times √(n/2): the length of the sines and cosines. So two classes are as far apart, √n, as two times
/// whose sines have nothing to do with each other, and at initialisation the first layer, whose weights are all drawn alike, hears both equally
/// well. The fan-in of those weights stays n + 1: a one-hot adds one value however many classes there are.
/// </remarks>
internal sealed class TimeEmbedding : nn.Module
{
    private readonly Dense _dense0, _dense1;
    private readonly long _size;
    private readonly int _classes;

    /// <param name="size">n, even.</param>
    /// <param name="classes">The number of classes; 0: none, and the conditioning is a number.</param>
    /// <param name="init">Makes the weights.</param>
    public TimeEmbedding(long size, int classes, Initializer init) : base(nameof(TimeEmbedding))
    {
        (_size, _classes) = (size, classes);
        _dense0 = new Dense(size + Math.Max(classes, 1), 4 * size, init, fanIn: size + 1);
        _dense1 = new Dense(4 * size, 4 * size, init);
        register_module("dense0", _dense0);
        register_module("dense1", _dense1);
    }

    /// <param name="time">t' = (γ − γ_min)/(γ_max − γ_min), [B], in double precision, with its tangent.</param>
    /// <param name="conditioning">The class, 1, 2, …, or the conditioning number, [B], in the network's type; 0 when unconditional.</param>
    /// <returns>[B, 4n].</returns>
    public Dual Forward(Dual time, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        var dtype = conditioning.dtype;
        long half = _size / 2;
        var frequencies = exp(arange(half, dtype: float64, device: time.Value.device) * (-Math.Log(10000.0) / (half - 1)));
        var angle = (1000 * time.Value).unsqueeze(1) * frequencies; // [B, n/2]
        var (sine, cosine) = (sin(angle), cos(angle));
        var beside = Beside(conditioning);
        Tensor? tangent = null;
        if (time.Tangent is not null)
        {
            var dAngle = (1000 * time.Tangent).unsqueeze(1) * frequencies;
            tangent = cat([(cosine * dAngle).to(dtype), (-sine * dAngle).to(dtype), zeros_like(beside)], 1);
        }
        var embedded = new Dual(cat([sine.to(dtype), cosine.to(dtype), beside], 1), tangent); // [B, n + 1] or [B, n + classes]
        return _dense1.Forward(_dense0.Forward(embedded).Swish()).Swish().MoveToOuterDisposeScope();
    }

    /// <summary>What stands beside the sines and cosines, [B, 1] or [B, classes]; it does not change with time.</summary>
    private Tensor Beside(Tensor conditioning)
    {
        var number = conditioning.unsqueeze(1);
        if (_classes == 0)
            return number;
        var isClass = number == arange(1, _classes + 1, dtype: number.dtype, device: number.device);
        return isClass.to(number.dtype) * Math.Sqrt(_size / 2.0);
    }
}
