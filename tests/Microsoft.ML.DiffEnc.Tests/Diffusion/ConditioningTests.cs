using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

/// <summary>The class on its way through the model's public face and the samplers, in double precision.</summary>
public sealed class ConditioningTests : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope;
    private readonly DiffEncModel _model;
    private readonly Tensor _z, _eps, _images, _classes;

    public ConditioningTests()
    {
        _model = Models.Create(Models.Describe(EncoderKind.Trainable) with { Classes = 3 });
        _scope = NewDisposeScope();
        (_z, _eps, _images) = (Models.Noise(_model, 3, 1), Models.Noise(_model, 3, 2), Models.Images(_model, 3));
        _classes = tensor(new[] { 2, 0, 3 });
    }

    public static TheoryData<SamplerKind> Kinds => [.. Enum.GetValues<SamplerKind>()];

    public void Dispose()
    {
        _scope.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Encoding_mixes_the_image_with_the_encoders_output_for_its_class()
    {
        var (x, gamma) = (_model.Scale(_images), tensor(new[] { -2.0, 0.5, 3 }));
        var y = _model.EncoderOutput(x, gamma, _classes).Value;
        var sigmaSquared = sigmoid(gamma).reshape(-1, 1, 1, 1);
        Near((1 - sigmaSquared) * x + sigmaSquared * y, _model.Encode(x, gamma, _classes));
        DiffersOnlyWhereThereIsAClass(_model.Encode(x, gamma), _model.Encode(x, gamma, _classes));
    }

    [Fact]
    public void All_three_losses_depend_on_the_class_and_each_image_on_its_own()
    {
        var times = tensor(new[] { 0.2, 0.5, 0.8 });
        var (ofNone, ofClass) = (_model.Bound(_images, times, _z, _eps), _model.Bound(_images, times, _z, _eps, _classes));
        // At t = 0 next to nothing of y is left in the encoding: σ_0² is about 1e−6.
        DiffersOnlyWhereThereIsAClass(ofNone.Reconstruction, ofClass.Reconstruction, least: 1e-9);
        DiffersOnlyWhereThereIsAClass(ofNone.Latent, ofClass.Latent, least: 1e-6);
        DiffersOnlyWhereThereIsAClass(ofNone.Diffusion, ofClass.Diffusion);
    }

    [Fact]
    public void The_kl_of_a_small_step_is_its_share_of_the_diffusion_loss_given_the_class()
    {
        const int steps = 1_000_000, i = 400_000;
        var kl = steps * _model.StepKl(_images, i, steps, _eps, conditioning: _classes);
        var diffusion = _model.Bound(_images, full(3, (i - 0.5) / steps, dtype: float64), _z, _eps, _classes).Diffusion;
        Assert.True(((kl - diffusion) / diffusion).abs().max().item<double>() < 1e-4, Models.Compare(diffusion, kl));
        DiffersOnlyWhereThereIsAClass(steps * _model.StepKl(_images, i, steps, _eps), kl);
    }

    [Fact]
    public void An_ancestral_step_uses_the_prediction_for_the_class()
    {
        var (gammaT, gammaS) = (_model.Gamma(tensor(new[] { 0.6 })), _model.Gamma(tensor(new[] { 0.4 })));
        var (alphaT, sigmaT, alphaS, sigmaS) = (sigmoid(-gammaT).sqrt(), sigmoid(gammaT).sqrt(), sigmoid(-gammaS).sqrt(), sigmoid(gammaS).sqrt());
        var xHat = alphaT * _z - sigmaT * _model.Denoise(_z, gammaT.expand(3), _classes);
        var e = expm1(gammaS - gammaT);
        var expected = alphaS / alphaT * (1 + e) * _z + alphaS * ((gammaT - gammaS) * sigmaT.square() - e) * xHat + sigmaS * (-e).sqrt() * _eps;
        Near(expected, _model.AncestralStep(_z, 2, 5, _eps, _classes));
        DiffersOnlyWhereThereIsAClass(_model.AncestralStep(_z, 2, 5, _eps), _model.AncestralStep(_z, 2, 5, _eps, _classes));
    }

    [Theory]
    [InlineData(Parameterization.V)]
    [InlineData(Parameterization.Epsilon)]
    public void Guidance_goes_beyond_the_prediction_for_the_class_away_from_that_for_none(Parameterization parameterization)
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None) with { Classes = 3, Parameterization = parameterization });
        var gamma = tensor(new[] { 0.7 });
        var (alpha, sigma) = (sigmoid(-gamma).sqrt(), sigmoid(gamma).sqrt());
        Tensor XHat(int @class)
        {
            var output = model.Denoise(_z, gamma.expand(3), full(3, @class, dtype: float64));
            return parameterization == Parameterization.V ? alpha * _z - sigma * output : (_z - sigma * output) / alpha;
        }
        var (ofClass, ofNone) = (XHat(2), XHat(0));
        Assert.True((ofClass - ofNone).abs().max().item<double>() > 1e-3, "The class changes nothing: nothing would be tested.");
        Near(ofClass + 1.5 * (ofClass - ofNone), model.Process(2, guidance: 1.5).XHat(_z, gamma));
        Near(ofClass, model.Process(2).XHat(_z, gamma));
        Near(ofNone, model.Process().XHat(_z, gamma));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Samplers_follow_class_and_guidance(SamplerKind kind)
    {
        byte[] Generate(int? @class, double guidance)
            => Sampler.Generate(_model, 2, new GenerationOptions { Steps = 4, Sampler = kind, Class = @class, Guidance = guidance }, seed: 1);
        var results = new[] { Generate(null, 0), Generate(1, 0), Generate(2, 0), Generate(2, 3) };
        Assert.Equal(4, results.DistinctBy(Convert.ToHexString).Count());
        Assert.Equal(results[2], Generate(2, 0));
    }

    [Theory]
    [InlineData(-1.0)]
    [InlineData(4.0)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void A_class_that_is_none_is_refused(double wrong)
    {
        var (gamma, conditioning) = (zeros(3, dtype: float64), tensor(new[] { 1, wrong, 2 }));
        foreach (Action use in new Action[]
        {
            () => _model.Denoise(_z, gamma, conditioning),
            () => _model.Encode(_z, gamma, conditioning),
            () => _model.EncoderOutput(_z, gamma, conditioning),
            () => _model.Bound(_images, gamma, _z, _eps, conditioning),
            () => _model.StepKl(_images, 1, 2, _eps, conditioning: conditioning),
            () => _model.AncestralStep(_z, 1, 2, _eps, conditioning),
        })
        {
            var error = Assert.Throws<ArgumentException>(use);
            Assert.Contains("conditioning of image 1 is", error.Message, StringComparison.Ordinal);
            Assert.Contains("1..3, or 0 for none", error.Message, StringComparison.Ordinal);
        }
        Assert.Throws<ArgumentException>(() => _model.Denoise(_z, gamma, tensor(new[] { 1.0, 2 })));
    }

    private static void Near(Tensor expected, Tensor actual)
    {
        double error = (expected - actual).abs().max().item<double>();
        Assert.True(error < 1e-11, $"Off by {error}.");
    }

    /// <summary>Images 0 and 2 have a class, image 1 has none.</summary>
    private static void DiffersOnlyWhereThereIsAClass(Tensor without, Tensor with, double least = 1e-4)
    {
        double[] gaps = (without - with).abs().reshape(3, -1).amax([1]).data<double>().ToArray();
        Assert.True(gaps[0] > least && gaps[2] > least, $"The class changes it by {gaps[0]} and {gaps[2]} only.");
        Assert.Equal(0, gaps[1], 1e-11);
    }
}
