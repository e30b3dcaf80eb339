using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Ode;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion.Ode;

/// <summary>The likelihood by the ODE with networks, trained and not.</summary>
public sealed class OdeScorerTests : IDisposable
{
    // Small, with weights near their start and few noise levels: a network that has learned nothing carries z far away, and its density with it.
    private static readonly ModelDescription Description = Models.Describe(EncoderKind.Trainable, size: 4) with
    {
        OdeHead = true,
        GammaMin = -3,
        GammaMax = 1,
        Denoiser = new(8, 1, 4, 4),
        EncoderNetwork = new(8, 1, 4, 4),
    };

    /// <summary>For exact divergences.</summary>
    private static readonly ModelDescription FourPixels = Description with { Width = 2, Height = 2 };

    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();
    private readonly DiffEncModel _model = Small(Description);

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private static DiffEncModel Small(ModelDescription description)
    {
        var model = Models.Create(description, perturbed: false);
        Models.Perturb(model, scale: 0.02);
        Smooth(model);
        using var noGradients = no_grad();
        // As the features of z, so those of the time, sines of up to 1000 t', are rough until they are learned.
        foreach (var (_, weight) in model.NamedParameters.Where(p => p.Key.Contains("cond_proj", StringComparison.Ordinal)))
            weight.mul_(0.05);
        return model;
    }

    /// <summary>
    /// Takes the Fourier features sin, cos(2π·2^k z) from the denoiser: until it has learned from many images to ignore them where they are noise,
    /// they make the ODE so rough that it takes thousands of evaluations.
    /// </summary>
    private static void Smooth(DiffEncModel model)
    {
        using var noGradients = no_grad();
        var weight = model.NamedParameters["denoiser.conv_in.weight"];
        long channels = model.Description.Channels;
        weight.narrow(1, channels, weight.size(1) - channels).zero_();
    }

    private OdeLikelihood[] Score(byte[] pixels, int draws = 2, int probes = 1, int seed = 1, double tolerance = 1e-2, int? imagesPerPass = null)
    {
        int count = pixels.Length / _model.Description.Dimensions;
        var results = new OdeLikelihood[count];
        new OdeScorer(_model, new OdeDraws(draws, probes, seed), tolerance, 1000, imagesPerPass).Score(pixels, count, results);
        return results;
    }

    private byte[] Pixels(int count)
    {
        using var images = Models.Images(_model, count);
        return images.data<byte>().ToArray();
    }

    private Tensor Latent(int count) => 0.5 * Models.Noise(_model, count, 4);

    [Fact]
    public void The_divergence_of_a_network_is_the_derivative_of_its_ode()
    {
        // log p(z_0) = log N(z_1) + log |det dz_1/dz_0|, with the determinant from finite differences of trajectories: no divergence is involved.
        using var model = Small(FourPixels);
        const double h = 2e-3;
        var z0 = tensor(new[] { 0.3, -0.5, 0.1, 0.8 }).reshape(1, 1, 2, 2);
        var shifted = z0 + h * eye(4, dtype: float64).reshape(4, 1, 2, 2);
        Tensor Ends(Tensor start)
        {
            var flow = new NoiseFlow(model.Process(), zeros_like(start), DivergenceProbes.Hutchinson(ones_like(start).unsqueeze(1)), float64, 1e-8, new());
            var (gamma0, gamma1) = (model.Description.GammaMin, model.Description.GammaMax);
            NoiseLevel Level(double gamma) => NoiseLevel.At(tensor(new[] { gamma }), float64);
            Tensor Norm(Tensor error, Tensor a, Tensor b)
                => new OdeTolerance(1e-7, 1e-7).RootMeanSquare(error.narrow(1, 0, 4), a.narrow(1, 0, 4), b.narrow(1, 0, 4)); // of z alone
            var (end, _) = new DormandPrince(Norm, 10_000).Solve(flow.Slope, flow.Start(start, Level(gamma0)), gamma0, gamma1);
            return Level(gamma1).Sigma.flatten() * end.narrow(1, 0, 4); // z_1, the reference being 0
        }
        using var noGradients = no_grad();
        var (ahead, behind, z1) = (Ends(shifted), Ends(2 * z0 - shifted), Ends(z0));
        var jacobian = (ahead - behind) / (2 * h);
        double expected = (linalg.det(jacobian).abs().log() - 0.5 * z1.square().sum() - 2 * Math.Log(2 * Math.PI)).item<double>();
        Assert.Equal(expected, model.OdeLogDensity(z0, tolerance: 1e-5).LogDensity.item<double>(), 0.02);
    }

    [Fact]
    public void Random_probes_are_unbiased_and_exact_in_the_mean()
    {
        const int many = 200;
        using var model = Small(FourPixels);
        var z0 = Models.Noise(model, 1, 4);
        double exact = model.OdeLogDensity(z0, tolerance: 1e-4).LogDensity.item<double>();
        using var generator = new Generator(8);
        var probes = (rand([many, 1, 1, 2, 2], generator: generator) < 0.5).to(float64) * 2 - 1;
        var found = model.OdeLogDensity(z0.expand(many, 1, 2, 2), probes, tolerance: 1e-3).LogDensity;
        double error = found.std().item<double>() / Math.Sqrt(many);
        Assert.InRange(error, 1e-5, 0.1); // there is something to average
        Assert.Equal(exact, found.mean().item<double>(), 4 * error);
        // Several probes of one trajectory are their mean.
        double together = model.OdeLogDensity(z0, probes.transpose(0, 1).narrow(1, 0, 8), tolerance: 1e-4).LogDensity.item<double>();
        Assert.Equal(found.narrow(0, 0, 8).mean().item<double>(), together, 5e-3);
    }

    [Fact]
    public void A_score_is_the_bound_from_the_density_at_its_draws()
    {
        byte[] pixels = Pixels(1);
        var (eps, probes) = new OdeDraws(2, 3, 1).For(pixels, [1, 4, 4], 0, 2);
        var image = tensor(pixels, [1, 1, 4, 4], dtype: uint8);
        var (gamma0, x) = (_model.Gamma(zeros(1, dtype: float64)), _model.Scale(image));
        double sigma = Math.Sqrt(sigmoid(gamma0).item<double>()), alpha = Math.Sqrt(1 - sigma * sigma), unit = 16 * Math.Log(2);
        double[] density = new double[2], dequantization = new double[2];
        for (int k = 0; k < 2; k++)
        {
            var noise = eps[k].unsqueeze(0).to(float64);
            var z0 = alpha * _model.Encode(x, gamma0) + sigma * noise;
            double logQ = -0.5 * noise.square().sum().item<double>() - 8 * Math.Log(2 * Math.PI) - 16 * Math.Log(sigma);
            density[k] = -_model.OdeLogDensity(z0, probes[k].unsqueeze(0), 1e-5).LogDensity.item<double>() / unit;
            dequantization[k] = (logQ - _model.DecoderLogProb(image, z0 / alpha).item<double>()) / unit;
        }
        var scored = Assert.Single(Score(pixels, probes: 3, tolerance: 1e-5));
        Assert.Equal(density.Average(), scored.DensityLoss, 1e-4);
        Assert.Equal(dequantization.Average(), scored.DequantizationLoss, 1e-5);
        Assert.Equal(scored.DensityLoss + scored.DequantizationLoss, scored.BitsPerDimension, 1e-5);
        Assert.Equal(Math.Abs(density[0] + dequantization[0] - density[1] - dequantization[1]) / 2, scored.StandardError, 1e-4);
        Assert.True(float.IsNaN(Score(pixels, draws: 1)[0].StandardError));
    }

    [Fact]
    public void A_score_is_the_same_in_any_company_and_changes_with_the_seed()
    {
        byte[] pixels = Pixels(3);
        var together = Score(pixels);
        for (int i = 0; i < 3; i++)
            Assert.Equal(together[i], Assert.Single(Score(pixels[(i * 16)..((i + 1) * 16)])));
        Assert.NotEqual(together[0], Score(pixels[..16], seed: 2)[0]);
        var draws = new OdeDraws(1, 1, 1);
        var (ofOne, ofAnother) = (draws.For(pixels.AsSpan(0, 16), [1, 4, 4], 0, 1), draws.For(pixels.AsSpan(16, 16), [1, 4, 4], 0, 1));
        Assert.False(ofOne.Eps.equal(ofAnother.Eps).any().item<bool>());
        Assert.False(ofOne.Probes.equal(ofAnother.Probes).all().item<bool>());
        // Together in one pass, as on a GPU: the same steps, up to rounding.
        foreach (var (one, packed) in together.Zip(Score(pixels, imagesPerPass: 3)))
            Assert.Equal(one.BitsPerDimension, packed.BitsPerDimension, 1e-4f);
    }

    [Fact]
    public void Draws_beyond_one_pass_go_into_further_ones()
    {
        byte[] pixels = Pixels(1);
        var all = Score(pixels, draws: 10)[0]; // eight fit into a pass
        Assert.True(all.StandardError > 0 && float.IsFinite(all.BitsPerDimension));
        Assert.NotEqual(Score(pixels, draws: 8)[0].BitsPerDimension, all.BitsPerDimension);
    }

    [LinuxFact]
    public void Evaluations_keep_no_memory()
    {
        using var model = Small(Models.Describe(EncoderKind.None, size: 16) with { GammaMin = -3, GammaMax = 1 });
        using var noGradients = no_grad();
        // One activation (16 channels × 16 × 16 doubles) kept of each evaluation would be 1.8 MB in nine steps; what does grow are numbers in
        // operations, which the garbage collector frees.
        Assert.InRange(NativeMemory.Usual(GrowthInNineSteps), -10, 1);

        double GrowthInNineSteps()
        {
            var held = new List<(long Tensors, double Megabytes)>();
            var watched = model.Process();
            watched = watched with
            {
                XHat = (z, gamma) =>
                {
                    held.Add(NativeMemory.Now());
                    return model.Process().XHat(z, gamma);
                },
            };
            var z0 = Models.Noise(model, 1, 4);
            new OdeDensity(watched, float64, 1e-6, 1000).Of(z0, z0, DivergenceProbes.Hutchinson(ones([1, 1, 1, 16, 16])));
            Assert.InRange(held.Count, 80, 800);
            // Two evaluations before the first step; in a step of six each adds a slope.
            var steps = held.Skip(2).Chunk(6).Select(step => (Tensors: step.Max(h => h.Tensors), Megabytes: step.Max(h => h.Megabytes))).ToArray();
            Assert.Single(steps.Select(s => s.Tensors).Distinct());
            return steps[^1].Megabytes - steps[^10].Megabytes;
        }
    }

    [Fact]
    public void Second_derivatives_are_allowed_again_afterwards()
    {
        Score(Pixels(1), draws: 1);
        Assert.False(_model.FirstDerivativesOnly);
    }

    [Fact]
    public void Wrong_arguments_are_named()
    {
        var z0 = Latent(2);
        var error = Assert.Throws<ArgumentException>(() => _model.OdeLogDensity(z0, zeros([2, 1, 1, 4, 3])));
        Assert.Contains("[2, 1, 4, 4]", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _model.OdeLogDensity(zeros(2, 1, 4, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.OdeLogDensity(z0, tolerance: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.OdeLogDensity(z0, tolerance: double.NaN));
    }

    [Theory]
    [InlineData(EncoderKind.None, false)]
    [InlineData(EncoderKind.NonTrainable, false)]
    [InlineData(EncoderKind.Trainable, true)]
    public void With_a_trained_network_it_is_near_the_bound(EncoderKind encoder, bool head)
    {
        var ml = new MLContext(seed: 5);
        var options = TrainingRuns.Options(steps: 80);
        (options.Encoder, options.OdeHead, options.GammaMin) = (encoder, head, -6);
        (options.LearningRate, options.WarmUpSteps, options.Dropout) = (8e-3, 10, 0);
        using var trained = ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 200));
        Smooth(trained.Model);
        byte[] pixels = [.. TrainingRuns.Rows(2, seed: 2).SelectMany(r => r.Image)];
        var bounds = new Likelihood[2];
        new LikelihoodScorer(trained.Model, new ScoringDraws(8, 8, 1)).Score(pixels, 2, bounds);
        OdeLikelihood[] Solved(double tolerance)
        {
            var results = new OdeLikelihood[2];
            new OdeScorer(trained.Model, new OdeDraws(1, 1, 1), tolerance, 1000).Score(pixels, 2, results);
            return results;
        }
        var odes = Solved(1e-2);
        double bound = bounds.Average(b => (double)b.BitsPerDimension), ode = odes.Average(o => (double)o.BitsPerDimension);
        // An untrained model's bound is above 8 bits. The two need not agree: the bound is of the process with noise, and the denoiser is not the
        // best one.
        Assert.InRange(bound, 4, 7.8);
        Assert.InRange(ode - bound, -0.7, 0.7);
        Assert.Equal(ode, Solved(1e-3).Average(o => (double)o.BitsPerDimension), 0.15);
        Assert.InRange(odes.Average(o => o.Evaluations), 20, 150);
    }
}
