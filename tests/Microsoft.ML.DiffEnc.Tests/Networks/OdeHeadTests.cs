using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks;

/// <summary>The denoiser's second head, for E[y + dy/dγ | z].</summary>
public sealed class OdeHeadTests
{
    private static readonly ModelDescription Headed = Models.Describe(EncoderKind.Trainable) with { OdeHead = true };

    private static (Tensor X, Tensor Times, Tensor Eps0, Tensor Eps, Tensor Conditioning) Inputs(DiffEncModel model)
    {
        var (eps0, eps) = (Models.Noise(model, 3, 1), Models.Noise(model, 3, 2));
        return (model.Scale(Models.Images(model, 3)), tensor(new[] { 0.2, 0.5, 0.9 }), eps0, eps, zeros(3, dtype: float64));
    }

    private static BoundParts Parts(DiffEncModel model)
    {
        var (x, times, eps0, eps, conditioning) = Inputs(model);
        return model.Bounds.All(x, model.Schedule.At(times), eps0, eps, conditioning, trainHead: true);
    }

    /// <summary>A perturbed model with the head, and the same without it.</summary>
    private static (DiffEncModel With, DiffEncModel Without) Twins()
    {
        var with = Models.Create(Headed);
        var without = Models.Create(Headed with { OdeHead = false });
        without.CopyFrom(with.NamedParameters);
        return (with, without);
    }

    [Fact]
    public void It_starts_at_zero_and_leaves_all_other_weights_as_they_would_be()
    {
        using var with = Models.Create(Headed, perturbed: false);
        using var without = Models.Create(Headed with { OdeHead = false }, perturbed: false);
        string[] added = [.. with.NamedParameters.Keys.Except(without.NamedParameters.Keys).Order(StringComparer.Ordinal)];
        Assert.Equal(new[] { "conv.bias", "conv.weight", "norm.bias", "norm.weight" }.Select(n => $"denoiser.ode_head.{n}"), added);
        Assert.Equal(0, with.NamedParameters["denoiser.ode_head.conv.weight"].abs().max().item<double>());
        Assert.All(without.NamedParameters, p => Assert.Equal(p.Value.data<double>().ToArray(), with.NamedParameters[p.Key].data<double>().ToArray()));
    }

    [Fact]
    public void It_is_trained_on_y_and_its_derivative_at_the_same_latent()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Headed);
        var (x, times, _, eps, conditioning) = Inputs(model);
        var gamma = model.Gamma(times);
        var (y, derivative) = model.EncoderOutput(x, gamma);
        var level = NoiseLevel.At(gamma, float64);
        var z = level.Alpha * model.Encode(x, gamma) + level.Sigma * eps;
        var found = model.Process().Headed!(z, gamma).OutputMean;
        var expected = (found - (y + derivative)).square().mean([1L, 2, 3]);
        Assert.True(expected.min().item<double>() > 1e-4, "Nothing would be tested.");
        var error = Parts(model).HeadError!;
        Assert.True(allclose(expected, error, rtol: 1e-10), Models.Compare(expected, error));
    }

    [Fact]
    public void Training_it_gives_every_other_weight_the_gradient_it_would_have_bit_by_bit()
    {
        using var scope = NewDisposeScope();
        var (with, without) = Twins();
        using (with)
        using (without)
        {
            var parts = Parts(with);
            (Total(parts) + parts.HeadError!.mean()).backward();
            Total(Parts(without)).backward();
            foreach (var (name, weight) in without.NamedParameters)
                Assert.Equal(weight.grad!.data<double>().ToArray(), with.NamedParameters[name].grad!.data<double>().ToArray());
            Assert.All(with.NamedParameters.Keys.Except(without.NamedParameters.Keys),
                name => Assert.True(with.NamedParameters[name].grad!.abs().max().item<double>() > 0, name));
        }

        static Tensor Total(BoundParts parts) => (parts.Reconstruction + parts.Latent + parts.Diffusion).mean();
    }

    [Fact]
    public void A_likelihood_neither_computes_it_nor_is_changed_by_it()
    {
        using var scope = NewDisposeScope();
        var (with, without) = Twins();
        using (with)
        using (without)
        {
            var (x, times, eps0, eps, conditioning) = Inputs(with);
            var parts = with.Bounds.All(x, times, eps0, eps, conditioning);
            Assert.Null(parts.HeadError);
            Assert.Equal(
                without.Bounds.All(x, times, eps0, eps, conditioning).Diffusion.data<double>().ToArray(), parts.Diffusion.data<double>().ToArray());
        }
    }

    [Fact]
    public void Training_lowers_its_error_and_leaves_the_networks_as_they_would_be()
    {
        var ml = new MLContext(seed: 5);
        using var without = Train(ml, steps: 120, head: false);
        using var with = Train(ml, steps: 120, head: true);
        var weights = TrainingRuns.Weights(with);
        Assert.All(TrainingRuns.Weights(without), p => Assert.Equal(p.Value, weights[p.Key]));

        // Against a head that says nothing: the trained one explains most of y + dy/dγ on images that it has not seen.
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var model = with.Model;
        var x = model.Scale(tensor(TrainingRuns.Rows(32, seed: 9).SelectMany(r => r.Image).ToArray(), [32, 1, 8, 8]));
        double Error()
        {
            using var generator = new Generator(3); // the same noise for both
            Tensor Noise() => randn(x.shape, generator: generator);
            return model.Bounds.All(
                x, model.Schedule.At(linspace(0.05, 0.95, 32, dtype: float64)), Noise(), Noise(), zeros(32), trainHead: true).HeadError!.mean().item<float>();
        }
        double trained = Error();
        foreach (string name in new[] { "weight", "bias" })
            model.NamedParameters[$"denoiser.ode_head.conv.{name}"].zero_();
        double silent = Error();
        Assert.True(silent > 0.01, $"The encoder's output is {silent} in the mean square: nothing would be tested.");
        Assert.InRange(trained / silent, 0, 0.5); // 0.05 and 0.09 with one thread and with two
    }

    [Fact]
    public void It_comes_back_from_a_file_and_is_not_mentioned_where_there_is_none()
    {
        using var model = Models.Create(Headed, dtype: float32);
        var (description, weights) = (new MemoryStream(), new MemoryStream());
        ModelFile.WriteDescription(description, model);
        ModelFile.WriteWeights(weights, model);
        (description.Position, weights.Position) = (0, 0);
        using var copy = ModelFile.Read(description, weights);
        Assert.True(copy.Description.OdeHead);
        Assert.True(copy.HasExactOde);
        Assert.Equal(
            model.NamedParameters["denoiser.ode_head.conv.weight"].data<float>().ToArray(),
            copy.NamedParameters["denoiser.ode_head.conv.weight"].data<float>().ToArray());
        string plain = Encoding.UTF8.GetString(ModelFile.Describe(Models.Describe(EncoderKind.Trainable)));
        Assert.DoesNotContain("odeHead", plain, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    public void Asking_for_it_without_a_trained_encoder_is_refused(EncoderKind encoder)
    {
        var options = TrainingRuns.Options(steps: 1);
        (options.Encoder, options.OdeHead) = (encoder, true);
        var error = Assert.Throws<ArgumentException>(() => new MLContext().Generative().DiffEnc(options));
        Assert.All(["OdeHead", $"{encoder}", "exact without"], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private static DiffEncTransformer Train(MLContext ml, int steps, bool head)
    {
        var options = TrainingRuns.Options(steps);
        (options.OdeHead, options.WarmUpSteps, options.LearningRate) = (head, 5, 5e-4); // at larger rates roundings decide what so short a training learns
        return ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 200));
    }
}
