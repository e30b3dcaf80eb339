using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// A tensor and its directional derivative. Carrying the pair through a network gives value and derivative in one pass, both
/// exact and both differentiable in the parameters; a derivative of <see langword="null"/> is zero and costs nothing.
/// </summary>
/// <param name="Value">The value.</param>
/// <param name="Tangent">Its derivative along the direction followed, of the same shape; <see langword="null"/>: zero.</param>
internal readonly record struct Dual(Tensor Value, Tensor? Tangent = null)
{
    public static Dual operator +(Dual a, Dual b) => new(a.Value + b.Value, Sum(a.Tangent, b.Tangent));

    /// <summary>A value, or a value and its tangent.</summary>
    public static Dual Of(IReadOnlyList<Tensor> halves) => new(halves[0], halves.Count > 1 ? halves[1] : null);

    /// <summary>The value, and the tangent if there is one: contiguous and of one shape, as kernels take them.</summary>
    public IReadOnlyList<Tensor> Halves() => Tangent is null ? [Value.contiguous()] : [Value.contiguous(), TangentOrZero().contiguous()];

    /// <summary>The pair with a function that is linear (or affine: without its offset for the tangent) applied to both halves.</summary>
    public Dual Map(Func<Tensor, Tensor> linear) => new(linear(Value), Tangent is null ? null : linear(Tangent));

    /// <summary>
    /// What follows from the pair, which is freed: its memory is there for what comes after. Gradients lose nothing, as autograd holds on to what it has
    /// saved.
    /// </summary>
    /// <param name="next">May give back one of the halves itself, which then stays.</param>
    public Dual Into(Func<Dual, Dual> next)
    {
        var result = next(this);
        if (!ReferenceEquals(Value, result.Value))
            Value.Dispose();
        if (!ReferenceEquals(Tangent, result.Tangent))
            Tangent?.Dispose();
        return result;
    }

    /// <summary>Both halves in another type.</summary>
    public Dual To(ScalarType dtype) => Map(v => v.to(dtype));

    /// <summary>Concatenates along the channels.</summary>
    public static Dual Concatenate(Dual a, Dual b)
        => new(cat([a.Value, b.Value], 1), a.Tangent is null && b.Tangent is null ? null : cat([a.TangentOrZero(), b.TangentOrZero()], 1));

    /// <summary>x·sigmoid(x).</summary>
    public Dual Swish()
    {
        if (Tangent is null)
            return new(nn.functional.silu(Value));
        using var scope = NewDisposeScope();
        var gate = sigmoid(Value);
        var value = Value * gate;
        var slope = gate + value * (1 - gate);
        return new Dual(value, Tangent * slope).MoveToOuterDisposeScope();
    }

    /// <summary>1/(1 + exp(−x)).</summary>
    public Dual Sigmoid()
    {
        using var scope = NewDisposeScope();
        var value = sigmoid(Value);
        return new Dual(value, Tangent is null ? null : Tangent * value * (1 - value)).MoveToOuterDisposeScope();
    }

    /// <summary>2×2 max-pooling: the tangent is taken where the largest value is.</summary>
    public Dual MaxPool()
    {
        if (Tangent is null)
            return new(nn.functional.max_pool2d(Value, [2L, 2L]));
        using var scope = NewDisposeScope();
        var (value, at) = nn.functional.max_pool2d_with_indices(Value, [2L, 2L]);
        return new Dual(value, Tangent.flatten(2).gather(2, at.flatten(2)).reshape(value.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>[B, C] as [B, C, 1, 1], to be added to every pixel.</summary>
    public Dual OverPixels() => Map(v => v.unsqueeze(-1).unsqueeze(-1));

    public Tensor TangentOrZero() => Tangent is null ? zeros_like(Value) : Tangent.expand_as(Value);

    public Dual MoveToOuterDisposeScope()
    {
        Value.MoveToOuterDisposeScope();
        Tangent?.MoveToOuterDisposeScope();
        return this;
    }

    /// <summary>Of what may be zero.</summary>
    public static Tensor? Sum(Tensor? a, Tensor? b) => a is null ? b : b is null ? a : a + b;
}
