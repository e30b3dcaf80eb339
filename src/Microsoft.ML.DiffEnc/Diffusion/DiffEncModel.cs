using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <summary>
/// The model as mathematics, for people with the paper open. Tensors are [B, C, H, W]; images are integer pixel values 0..255 of any
/// type; γ is [B]; results have the model's type, in nats per image. Dropout is off and the averaged (EMA) weights are used.
/// </summary>
/// <remarks>
/// Calls record a graph like any other TorchSharp call: take gradients with respect to <see cref="NamedParameters"/>, or work inside
/// <c>using (torch.no_grad())</c> to save memory. Results belong to the caller's dispose scope. One thread at a time. A model that was disposed throws
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class DiffEncModel : IDisposable
{
    private readonly ImageEncoder _encoder;
    private readonly ImageDenoiser _denoiser;
    private bool _disposed;

    private DiffEncModel(ModelDescription description, long? seed)
    {
        Description = description;
        using var init = new Initializer(seed);
        _denoiser = new ImageDenoiser(description, init);
        _encoder = ImageEncoder.Create(description, init);
        Schedule = NoiseSchedule.Create(description);
        Bounds = new ContinuousBound(Schedule, _encoder, _denoiser);
        Steps = new FiniteDepth(Schedule, _encoder, _denoiser);
    }

    internal ModelDescription Description { get; }

    /// <summary>
    /// The number of classes that the model can be conditioned on; 0: it was trained without labels. A class is its key value,
    /// 1..<see cref="Classes"/>.
    /// </summary>
    public int Classes => Description.Classes;

    /// <summary>The three losses, also for training: with dropout and without conversions.</summary>
    internal ContinuousBound Bounds { get; }

    /// <summary>The diffusion loss in T steps, likewise.</summary>
    internal FiniteDepth Steps { get; }

    internal NoiseSchedule Schedule { get; }

    internal ScalarType DataType { get; private set; } = float32;

    internal Device Device { get; private set; } = CPU;

    /// <summary>
    /// The weights by name: <c>denoiser.…</c>, <c>encoder.…</c>, and of a learned noise schedule <c>schedule.…</c>, with PyTorch's
    /// layouts (convolution [out, in, height, width], dense [out, in], transposed convolution [in, out, height, width]). They are the model's own
    /// tensors, not copies.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyDictionary<string, Tensor> NamedParameters
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Modules().SelectMany(m => m.Module.named_parameters().Select(p => (Name: $"{m.Name}.{p.name}", Tensor: (Tensor)p.parameter)))
                .ToDictionary(p => p.Name, p => p.Tensor, StringComparer.Ordinal);
        }
    }

    /// <summary>A model with fresh weights: the seed alone decides them.</summary>
    internal static DiffEncModel Create(ModelDescription description, long seed = 0) => Make(description, seed);

    /// <summary>A model whose weights are about to be overwritten.</summary>
    internal static DiffEncModel CreateUnset(ModelDescription description) => Make(description, seed: null);

    private static DiffEncModel Make(ModelDescription description, long? seed)
    {
        NativeBackend.EnsureLoaded();
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        return new DiffEncModel(description, seed);
    }

    /// <summary>A second model with the same weights, type and device.</summary>
    internal DiffEncModel Clone()
    {
        var clone = CreateUnset(Description);
        clone.To(DataType);
        clone.To(Device);
        clone.CopyFrom(NamedParameters);
        return clone;
    }

    /// <summary>Overwrites every weight.</summary>
    internal void CopyFrom(IReadOnlyDictionary<string, Tensor> weights)
    {
        using var noGradients = no_grad();
        foreach (var (name, parameter) in NamedParameters)
            parameter.copy_(weights[name]);
    }

    /// <summary>Converts all weights.</summary>
    /// <param name="dtype"><c>float32</c>, as trained, or <c>float64</c>, for checks.</param>
    /// <exception cref="ArgumentException">Another type.</exception>
    public void To(ScalarType dtype)
    {
        if (dtype != float32 && dtype != float64)
            throw new ArgumentException($"The model's type can be Float32 or Float64, not {dtype}.", nameof(dtype));
        foreach (var (_, module) in Modules())
            module.to(dtype);
        KeepWeights();
        DataType = dtype;
    }

    internal void To(Device device)
    {
        foreach (var (_, module) in Modules())
            module.to(device);
        KeepWeights();
        Device = device;
    }

    /// <summary>Weights live as long as the model, whatever scope they were made or converted in.</summary>
    private void KeepWeights()
    {
        foreach (var weight in NamedParameters.Values)
            weight.DetachFromDisposeScope();
    }

    /// <summary>γ(t) = −log SNR(t).</summary>
    /// <param name="t">Times in [0, 1], [B].</param>
    /// <returns>[B].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    public Tensor Gamma(Tensor t) => Scoped(() => Schedule.At(PerImage(t)).Gamma.to(DataType));

    /// <summary>x̃ = 2(x + ½)/256 − 1: pixel values 0..255 as numbers in (−1, 1).</summary>
    /// <param name="images">[B, C, H, W].</param>
    /// <returns>[B, C, H, W].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    public Tensor Scale(Tensor images) => Scoped(() => Pixels.Scale(Images(images), DataType));

    /// <summary>x_t = x_φ(λ_t), the time-dependent encoding (DiffEnc, section 4).</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="gamma">[B].</param>
    /// <param name="conditioning">The class, [B]; <see langword="null"/>: 0, unconditional.</param>
    /// <returns>[B, C, H, W].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape, or there is no such class.</exception>
    public Tensor Encode(Tensor x, Tensor gamma, Tensor? conditioning = null) => Scoped(() =>
    {
        var scaled = Own(x);
        var perImage = PerImage(gamma, scaled);
        return _encoder.Encode(scaled, perImage, Conditioning(conditioning, perImage));
    });

    /// <summary>
    /// y and dy/dγ, exact and both differentiable. Without a network these are x and 0, as in the authors' code: nothing but the image is encoded.
    /// </summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="gamma">[B].</param>
    /// <param name="conditioning">The class, [B]; <see langword="null"/>: 0, unconditional.</param>
    /// <returns>Both [B, C, H, W].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape, or there is no such class.</exception>
    public (Tensor Value, Tensor Derivative) EncoderOutput(Tensor x, Tensor gamma, Tensor? conditioning = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var scaled = Own(x);
        var perImage = PerImage(gamma, scaled);
        var y = Description.Encoder == EncoderKind.Trainable
            ? _encoder.Output(scaled, new Dual(perImage, ones_like(perImage)), Conditioning(conditioning, perImage))
            : new Dual(scaled.clone());
        return (y.Value.MoveToOuterDisposeScope(), (y.Tangent ?? zeros_like(y.Value)).MoveToOuterDisposeScope());
    }

    /// <summary>v̂ or ε̂, as the model is parameterised.</summary>
    /// <param name="z">z_t, [B, C, H, W].</param>
    /// <param name="gamma">[B].</param>
    /// <param name="conditioning">The class, [B]; <see langword="null"/>: 0, unconditional.</param>
    /// <returns>[B, C, H, W].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape, or there is no such class.</exception>
    public Tensor Denoise(Tensor z, Tensor gamma, Tensor? conditioning = null) => Scoped(() =>
    {
        var zT = Own(z);
        var perImage = PerImage(gamma, zT);
        return _denoiser.Predict(zT, perImage, Conditioning(conditioning, perImage));
    });

    /// <summary>The continuous-time bound with given times and noise: reconstruction L0, latent L1 and diffusion loss L∞.</summary>
    /// <param name="images">Pixel values 0..255, [B, C, H, W].</param>
    /// <param name="times">[B].</param>
    /// <param name="eps0">The noise of the reconstruction, [B, C, H, W].</param>
    /// <param name="eps">The noise of the diffusion, [B, C, H, W].</param>
    /// <param name="conditioning">The class, [B]; <see langword="null"/>: 0, unconditional.</param>
    /// <returns>Nats per image, each [B].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape, or there is no such class.</exception>
    public (Tensor Reconstruction, Tensor Latent, Tensor Diffusion) Bound(
        Tensor images, Tensor times, Tensor eps0, Tensor eps, Tensor? conditioning = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var x = Scale(images);
        var t = PerImage(times, x);
        var parts = Bounds.All(x, t, Own(eps0, x), Own(eps, x), Conditioning(conditioning, t));
        return (parts.Reconstruction.MoveToOuterDisposeScope(), parts.Latent.MoveToOuterDisposeScope(), parts.Diffusion.MoveToOuterDisposeScope());
    }

    /// <summary>KL(q(z_s | z_t, x) ‖ p(z_s | z_t)) of one step of the process in T steps (DiffEnc, section 3).</summary>
    /// <param name="images">Pixel values 0..255, [B, C, H, W].</param>
    /// <param name="i">The step, 1..<paramref name="T"/>: t = i/T, s = (i − 1)/T.</param>
    /// <param name="T">The number of steps.</param>
    /// <param name="eps">The noise in z_t, [B, C, H, W].</param>
    /// <param name="w">σ_Q²/σ_P², above 0.</param>
    /// <param name="conditioning">The class, [B]; <see langword="null"/>: 0, unconditional.</param>
    /// <returns>Nats per image, [B].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape, or there is no such class.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="i"/> is not in 1..T, or <paramref name="w"/> is not positive.</exception>
    public Tensor StepKl(Tensor images, int i, int T, Tensor eps, double w = 1.0, Tensor? conditioning = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(i, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(i, T);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(w);
        return Scoped(() =>
        {
            var x = Scale(images);
            var step = StepTimes.Of((double)i / T, (i - 1.0) / T, w, x.size(0), Device);
            return Steps.StepKl(x, step, Own(eps, x), Conditioning(conditioning, x));
        });
    }

    /// <summary>One ancestral step z_s = μ_P + σ_Q ε from t = (T − i)/T to s = (T − i − 1)/T.</summary>
    /// <param name="z">z_t, [B, C, H, W].</param>
    /// <param name="i">The step, 0..<paramref name="T"/> − 1.</param>
    /// <param name="T">The number of steps.</param>
    /// <param name="eps">[B, C, H, W].</param>
    /// <param name="conditioning">The class, [B]; <see langword="null"/>: 0, unconditional.</param>
    /// <returns>z_s, [B, C, H, W].</returns>
    /// <exception cref="ArgumentException">A tensor has another shape, or there is no such class.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="i"/> is not in 0..T − 1.</exception>
    public Tensor AncestralStep(Tensor z, int i, int T, Tensor eps, Tensor? conditioning = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(i);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, T);
        return Scoped(() =>
        {
            var zT = Own(z);
            return new AncestralStep(Process(_ => Conditioning(conditioning, zT))).Next(zT, (double)(T - i) / T, (T - i - 1.0) / T, Own(eps, zT));
        });
    }

    /// <summary>The estimate of the diffusion loss in the steps of a grid; <see langword="null"/>: in continuous time.</summary>
    internal DiffusionEstimate DiffusionLoss(TimeGrid? grid) => grid is null ? new ContinuousEstimate(Bounds) : new FiniteDepthEstimate(Steps, grid);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (var (_, module) in Modules())
            module.Dispose();
    }

    private IEnumerable<(string Name, nn.Module Module)> Modules() => [("denoiser", _denoiser), ("encoder", _encoder), ("schedule", Schedule)];

    private Tensor Scoped(Func<Tensor> compute)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        return compute().MoveToOuterDisposeScope();
    }
}
