using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

/// <summary>dy/dγ as carried through the encoder, against independent derivations, in double precision.</summary>
public class EncoderDerivativeTests
{
    public static TheoryData<string> Shapes => EncoderShapes.Names;

    private static (Tensor X, Tensor Gamma) Inputs(DiffEncModel model)
        => (model.Scale(Models.Images(model, 3)), tensor(new[] { -9.0, -1.5, 3.0 }));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Encoders_have_the_levels_and_blocks_of_their_layout(string shape)
    {
        var (description, levels, blocks) = EncoderShapes.Named(shape);
        description.Check();
        using var model = Models.Create(description);
        HashSet<string> names = [.. model.NamedParameters.Keys];
        int Count(Func<int, string> name) => Enumerable.Range(0, 10).TakeWhile(i => names.Contains(name(i))).Count();
        Assert.Equal(levels, Count(level => $"encoder.down.{level}.0.conv1.weight"));
        Assert.Equal(levels, Count(level => $"encoder.up.{level}.upsample.weight"));
        Assert.All(Enumerable.Range(0, levels), level =>
        {
            Assert.Equal(blocks, Count(block => $"encoder.down.{level}.{block}.conv1.weight"));
            Assert.Equal(blocks, Count(block => $"encoder.up.{level}.blocks.{block}.conv1.weight"));
        });
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Derivative_agrees_with_central_differences(string shape)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(EncoderShapes.Named(shape).Description);
        var (x, gamma) = Inputs(model);
        const double h = 1e-5;
        var difference = (model.EncoderOutput(x, gamma + h).Value - model.EncoderOutput(x, gamma - h).Value) / (2 * h);
        var derivative = model.EncoderOutput(x, gamma).Derivative;
        Assert.True(derivative.abs().max().item<double>() > 1e-3, "The derivative vanishes: nothing would be tested.");
        double error = ((difference - derivative).abs().max() / derivative.abs().max()).item<double>();
        Assert.True(error < 1e-6, $"Off by {error} of the largest value.");
    }

    [Theory]
    [InlineData("plain, 16×16")]
    [InlineData("multi-resolution, 20×32")]
    public void Derivative_given_a_class_agrees_with_central_differences(string shape)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(EncoderShapes.Named(shape).Description with { Classes = 4 });
        var (x, gamma) = Inputs(model);
        var classes = tensor(new[] { 4, 0, 1 });
        const double h = 1e-5;
        var difference = (model.EncoderOutput(x, gamma + h, classes).Value - model.EncoderOutput(x, gamma - h, classes).Value) / (2 * h);
        var derivative = model.EncoderOutput(x, gamma, classes).Derivative;
        double error = ((difference - derivative).abs().max() / derivative.abs().max()).item<double>();
        Assert.True(error < 1e-6, $"Off by {error} of the largest value.");

        var gaps = (derivative - model.EncoderOutput(x, gamma).Derivative).abs().amax([1, 2, 3]).data<double>().ToArray();
        Assert.True(gaps[0] > 1e-3 && gaps[2] > 1e-3, "The class does not change the derivative: nothing would be tested.");
        Assert.Equal(0, gaps[1], 1e-12);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Derivative_agrees_with_double_backward(string shape)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(EncoderShapes.Named(shape).Description);
        var (x, gamma) = Inputs(model);
        gamma.requires_grad_();
        var derivative = model.EncoderOutput(x, gamma).Derivative;

        // d/du of uᵀ dy/dγ, the vector-Jacobian product taken twice; y from x_t = α² x + σ² y, a path without tangents.
        var sigmaSquared = sigmoid(gamma).reshape(-1, 1, 1, 1);
        var y = (model.Encode(x, gamma) - (1 - sigmaSquared) * x) / sigmaSquared;
        var u = zeros_like(y).requires_grad_();
        var vjp = autograd.grad([y], [gamma], [u], retain_graph: true, create_graph: true)[0];
        var jvp = autograd.grad([vjp], [u], [ones_like(gamma)], retain_graph: true, create_graph: true)[0];
        // In y the division by σ² amplifies rounding where σ² is small.
        double error = ((jvp - derivative) * sigmaSquared).abs().max().item<double>();
        Assert.True(error < 1e-12, $"Off by {error}.");
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gradient_of_the_derivative_agrees_with_differences_in_every_block(string shape)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(EncoderShapes.Named(shape).Description);
        var (x, gamma) = Inputs(model);
        var weights = model.NamedParameters.Where(p => p.Key.StartsWith("encoder.", StringComparison.Ordinal)
            && p.Key.EndsWith("conv1.weight", StringComparison.Ordinal)).OrderBy(p => p.Key, StringComparer.Ordinal).ToArray();
        Tensor Objective() => model.EncoderOutput(x, gamma).Derivative.square().sum();

        var gradients = autograd.grad([Objective()], [.. weights.Select(w => w.Value)]);
        using var generator = new Generator(4);
        using var noGradients = no_grad();
        foreach (var ((name, weight), gradient) in weights.Zip(gradients))
        {
            var direction = randn(weight.shape, dtype: float64, generator: generator);
            // A kink of the max-pooling anywhere near would spoil a larger step.
            const double h = 1e-7;
            weight.add_(direction * h);
            double above = Objective().item<double>();
            weight.add_(direction * (-2 * h));
            double below = Objective().item<double>();
            weight.add_(direction * h);
            double expected = (above - below) / (2 * h), actual = (gradient * direction).sum().item<double>();
            Assert.True(Math.Abs(expected - actual) < Math.Abs(expected) * 1e-5, $"{name}: expected {expected}; found {actual}");
        }
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    public void Encoders_without_a_network_do_not_move(EncoderKind kind)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(kind));
        var x = model.Scale(Models.Images(model, 2));
        var gamma = tensor(new[] { -2.0, 1.0 });
        var (value, derivative) = model.EncoderOutput(x, gamma);
        Assert.Equal(0, derivative.abs().max().item<double>());
        var expected = kind == EncoderKind.None ? x : sigmoid(-gamma).reshape(-1, 1, 1, 1) * x;
        Assert.True((model.Encode(x, gamma) - expected).abs().max().item<double>() < 1e-15);
        Assert.True((value - x).abs().max().item<double>() < 1e-15);
    }
}
