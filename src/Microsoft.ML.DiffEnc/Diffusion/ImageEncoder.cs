using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The time-dependent encoder x_t = x_φ(λ_t) = α_t² x + σ_t² y (DiffEnc, section 4). Every variant is one choice of y:
/// x itself (plain VDM), 0 (non-trainable) or a network.
/// </summary>
internal abstract class ImageEncoder(string name) : nn.Module(name)
{
    /// <summary>Whether the generative mean carries the term σ_t² x̂ that follows the encoder's drift.</summary>
    public virtual bool Drifts => true;

    /// <summary>The arithmetic of the network, if there is one; what comes out is in the type of what goes in.</summary>
    public TrainingPrecision Precision { get; set; }

    /// <summary>How many images go through the network at once.</summary>
    public FittingPasses Passes { get; } = new();

    /// <summary>y and, where <paramref name="gamma"/> has a tangent, dy/dγ.</summary>
    /// <param name="x">The scaled image, [B, C, H, W].</param>
    /// <param name="gamma">[B], in double precision.</param>
    /// <param name="conditioning">[B]; 0 when unconditional.</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    public abstract Dual Output(Tensor x, Dual gamma, Tensor conditioning, Dropout? dropout = null);

    /// <summary>The names of the network's blocks, in the order that they are computed; none without a network.</summary>
    public virtual IReadOnlyList<string> BlockNames => [];

    /// <summary>What the block of that name gives, [B, channels, height, width]; no block behind it is computed.</summary>
    public virtual Tensor Activation(Tensor x, Tensor gamma, Tensor conditioning, string block)
        => throw new InvalidOperationException("The encoder is not a network: it has no blocks.");

    /// <summary>x_t.</summary>
    public Tensor Encode(Tensor x, Tensor gamma, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        return Mix(x, Output(x, new Dual(gamma), conditioning, dropout).Value, NoiseLevel.At(gamma, x.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>x_t and its drift (dx_t/dλ)/σ_t² = x_t − y − dy/dγ, the form that stays accurate where σ_t vanishes.</summary>
    public (Tensor Encoded, Tensor Drift) EncodeWithDrift(Tensor x, Tensor gamma, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        var y = Output(x, new Dual(gamma, ones_like(gamma)), conditioning, dropout);
        var encoded = Mix(x, y.Value, NoiseLevel.At(gamma, x.dtype));
        var drift = encoded - y.Value;
        if (y.Tangent is not null)
            drift -= y.Tangent;
        return (encoded.MoveToOuterDisposeScope(), drift.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// x_t and (x_s − x_t)/(−e σ_t²), e = expm1(γ_s − γ_t): what the drift becomes over a step from t to s, with one pass for both ends.
    /// </summary>
    public (Tensor Encoded, Tensor Change) EncodeWithChange(Tensor x, Tensor gammaT, Tensor gammaS, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        // Both ends see the same masks: the difference of two masks, divided by the length of the step, would drown everything else.
        var both = Output(cat([x, x]), new Dual(cat([gammaT, gammaS])), cat([conditioning, conditioning]), dropout?.Repeated(2)).Value.chunk(2);
        var encoded = Mix(x, both[0], NoiseLevel.At(gammaT, x.dtype));
        return (encoded.MoveToOuterDisposeScope(), Change(x, both[0], both[1], gammaT, gammaS).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// (x_s − x_t)/(−e σ_t²) = α_s² (x − y_t) + (σ_s²/σ_t²) (y_s − y_t)/(−e), because α_s² − α_t² = −e α_s² σ_t²: no difference of two encodings.
    /// </summary>
    public static Tensor Change(Tensor x, Tensor yT, Tensor yS, Tensor gammaT, Tensor gammaS)
    {
        using var scope = NewDisposeScope();
        Tensor Over(Tensor perImage) => perImage.reshape(-1, 1, 1, 1).to(x.dtype);
        var ofOutput = sigmoid(gammaS) / sigmoid(gammaT) / -expm1(-NotZero(gammaT - gammaS));
        return (Over(sigmoid(-gammaS)) * (x - yT) + Over(ofOutput) * (yS - yT)).MoveToOuterDisposeScope();
    }

    /// <summary>A schedule may stand still; what is divided by the length of such a step is 0 itself.</summary>
    public static Tensor NotZero(Tensor delta) => delta.clamp_min(1e-12);

    /// <summary>α_t² x + σ_t² y.</summary>
    public static Tensor Mix(Tensor x, Tensor y, NoiseLevel level) => level.AlphaSquared * x + level.SigmaSquared * y;

    public static ImageEncoder Create(ModelDescription description, Initializer init) => description.Encoder switch
    {
        EncoderKind.None => new IdentityEncoder(),
        EncoderKind.NonTrainable => new FadingEncoder(),
        EncoderKind.Trainable => new TrainableEncoder(description, init),
        var other => throw new ArgumentOutOfRangeException(nameof(description), other, "Unknown encoder."),
    };
}

/// <summary>y = x, hence x_t = x.</summary>
internal sealed class IdentityEncoder() : ImageEncoder(nameof(IdentityEncoder))
{
    public override bool Drifts => false;

    public override Dual Output(Tensor x, Dual gamma, Tensor conditioning, Dropout? dropout = null) => new(x.alias());
}

/// <summary>y = 0, hence x_t = α_t² x.</summary>
internal sealed class FadingEncoder() : ImageEncoder(nameof(FadingEncoder))
{
    public override Dual Output(Tensor x, Dual gamma, Tensor conditioning, Dropout? dropout = null) => new(zeros_like(x));
}

/// <summary>y = y_φ(x, λ_t), a U-Net.</summary>
internal sealed class TrainableEncoder : ImageEncoder
{
    private readonly EncoderNetwork _network;
    private readonly double _gammaMin, _gammaMax;

    public TrainableEncoder(ModelDescription description, Initializer init) : base(nameof(TrainableEncoder))
    {
        var size = description.EncoderNetwork ?? throw new ArgumentException("A trainable encoder needs a network size.", nameof(description));
        (_gammaMin, _gammaMax) = (description.GammaMin, description.GammaMax);
        _network = new EncoderNetwork(description.Channels, description.Height, description.EncoderLayout, size, init, description.Classes);
        foreach (var (name, module) in _network.named_children())
            register_module(name, module);
    }

    public override IReadOnlyList<string> BlockNames => _network.BlockNames;

    public override Dual Output(Tensor x, Dual gamma, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        using var autocast = Autocast.Enter(Precision, x.device);
        return Dual.Of(Passes.Of(x.size(0), Of)).MoveToOuterDisposeScope();

        Tensor[] Of(BatchSlice some)
        {
            var (value, tangent) = _network.Forward(some.View(x), Time(gamma.Map(some.View)), some.View(conditioning), dropout);
            return tangent is null ? [value] : [value, tangent];
        }
    }

    public override Tensor Activation(Tensor x, Tensor gamma, Tensor conditioning, string block)
    {
        using var scope = NewDisposeScope();
        return Passes.Of(x.size(0), s => [Of(s)])[0].MoveToOuterDisposeScope();

        Tensor Of(BatchSlice some) => _network.Activations(some.View(x), Time(new Dual(some.View(gamma))), some.View(conditioning))
            .First(a => a.Block == block).Activation.Value;
    }

    /// <summary>t' of γ.</summary>
    private Dual Time(Dual gamma)
        => new((gamma.Value - _gammaMin) / (_gammaMax - _gammaMin), gamma.Tangent is null ? null : gamma.Tangent / (_gammaMax - _gammaMin));
}
