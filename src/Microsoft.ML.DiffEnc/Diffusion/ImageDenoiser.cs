using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>The denoising network together with the meaning of its output: v̂ or ε̂.</summary>
internal sealed class ImageDenoiser : nn.Module
{
    private readonly Denoiser _network;
    private readonly double _gammaMin, _gammaMax;
    private readonly Parameterization _parameterization;

    public ImageDenoiser(ModelDescription description, Initializer init) : base(nameof(ImageDenoiser))
    {
        (_gammaMin, _gammaMax) = (description.GammaMin, description.GammaMax);
        _parameterization = description.Parameterization;
        HasOdeHead = description.OdeHead;
        _network = new Denoiser(description.Channels, description.Denoiser, init, description.Classes, description.OdeHead);
        foreach (var (name, module) in _network.named_children())
            register_module(name, module);
    }

    /// <summary>The arithmetic of the network; what comes out is in the type of what goes in.</summary>
    public TrainingPrecision Precision { get; set; }

    /// <summary>How many images go through the network at once.</summary>
    public FittingPasses Passes { get; } = new();

    /// <summary>Whether E[y + dy/dγ | z] is predicted too.</summary>
    public bool HasOdeHead { get; }

    /// <summary>v̂ or ε̂, [B, C, H, W], at noise levels γ, [B], in double precision.</summary>
    public Tensor Predict(Tensor z, Tensor gamma, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        using var autocast = Autocast.Enter(Precision, z.device);
        return Passes.Of(z.size(0), s => [_network.Forward(s.View(z), Time(s.View(gamma)), s.View(conditioning), dropout)])[0]
            .MoveToOuterDisposeScope();
    }

    /// <summary>What the block of that name gives, [B, n, H, W]; no block behind it is computed.</summary>
    public Tensor Activation(Tensor z, Tensor gamma, Tensor conditioning, string block)
    {
        using var scope = NewDisposeScope();
        return Passes.Of(z.size(0), s => [Of(s)])[0].MoveToOuterDisposeScope();

        Tensor Of(BatchSlice some) => _network.Activations(some.View(z), Time(some.View(gamma)), some.View(conditioning))
            .First(a => a.Block == block).Activation.Value;
    }

    /// <summary>v̂ or ε̂ and, from the same pass, E[y + dy/dγ | z], both [B, C, H, W].</summary>
    /// <param name="z">[B, C, H, W].</param>
    /// <param name="gamma">[B], in double precision.</param>
    /// <param name="conditioning">[B].</param>
    /// <param name="cut">Whether gradients stop before the second head: when it is trained.</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    public (Tensor Prediction, Tensor OutputMean) PredictBoth(Tensor z, Tensor gamma, Tensor conditioning, bool cut, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        using var autocast = Autocast.Enter(Precision, z.device);
        Tensor[] both = Passes.Of(z.size(0), Of);
        return (both[0].MoveToOuterDisposeScope(), both[1].MoveToOuterDisposeScope());

        Tensor[] Of(BatchSlice some)
        {
            var (prediction, outputMean) = _network.ForwardBoth(some.View(z), Time(some.View(gamma)), some.View(conditioning), cut, dropout);
            return [prediction, outputMean];
        }
    }

    /// <summary>t' = (γ − γ_min)/(γ_max − γ_min).</summary>
    private Tensor Time(Tensor gamma) => (gamma - _gammaMin) / (_gammaMax - _gammaMin);

    /// <summary>x̂ from a prediction: α z − σ v̂, or (z − σ ε̂)/α.</summary>
    public Tensor Image(Tensor prediction, Tensor z, NoiseLevel level) => _parameterization switch
    {
        Parameterization.V => level.Alpha * z - level.Sigma * prediction,
        _ => (z - level.Sigma * prediction) / level.Alpha,
    };

    /// <summary>α (v − v̂), which is the same as ε − ε̂: the error of a prediction in units in which the diffusion loss is ½ γ' ‖·‖².</summary>
    public Tensor Error(Tensor prediction, Tensor encoded, Tensor eps, NoiseLevel level) => _parameterization switch
    {
        Parameterization.V => level.Alpha * (level.Alpha * eps - level.Sigma * encoded - prediction),
        _ => eps - prediction,
    };
}
