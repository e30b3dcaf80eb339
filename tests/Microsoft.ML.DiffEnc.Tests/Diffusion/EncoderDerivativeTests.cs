using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

/// <summary>dy/dγ as carried through the encoder, against independent derivations, in double precision.</summary>
public class EncoderDerivativeTests
{
    private readonly DiffEncModel _model = Models.Create(Models.Describe(EncoderKind.Trainable, size: 16, channels: 3));

    private (Tensor X, Tensor Gamma) Inputs()
    {
        var x = _model.Scale(Models.Images(_model, 3));
        return (x, tensor(new[] { -9.0, -1.5, 3.0 }));
    }

    [Fact]
    public void Derivative_agrees_with_central_differences()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var (x, gamma) = Inputs();
        const double h = 1e-5;
        var difference = (_model.EncoderOutput(x, gamma + h).Value - _model.EncoderOutput(x, gamma - h).Value) / (2 * h);
        var derivative = _model.EncoderOutput(x, gamma).Derivative;
        Assert.True(derivative.abs().max().item<double>() > 1e-3, "The derivative vanishes: nothing would be tested.");
        Assert.True((difference - derivative).abs().max().item<double>() < 1e-6 * derivative.abs().max().item<double>());
    }

    [Fact]
    public void Derivative_agrees_with_double_backward()
    {
        using var scope = NewDisposeScope();
        var (x, gamma) = Inputs();
        gamma.requires_grad_();
        var derivative = _model.EncoderOutput(x, gamma).Derivative;

        // d/du of uᵀ dy/dγ, the vector-Jacobian product taken twice; y from x_t = α² x + σ² y, a path without tangents.
        var sigmaSquared = sigmoid(gamma).reshape(-1, 1, 1, 1);
        var y = (_model.Encode(x, gamma) - (1 - sigmaSquared) * x) / sigmaSquared;
        var u = zeros_like(y).requires_grad_();
        var vjp = autograd.grad([y], [gamma], [u], retain_graph: true, create_graph: true)[0];
        var jvp = autograd.grad([vjp], [u], [ones_like(gamma)], retain_graph: true, create_graph: true)[0];
        // In y the division by σ² amplifies rounding where σ² is small.
        Assert.True(((jvp - derivative) * sigmaSquared).abs().max().item<double>() < 1e-12);
    }

    [Fact]
    public void Gradient_of_the_derivative_agrees_with_differences_in_a_weight()
    {
        using var scope = NewDisposeScope();
        var (x, gamma) = Inputs();
        var weight = _model.NamedParameters["encoder.mid1.conv1.weight"];
        Tensor Objective() => _model.EncoderOutput(x, gamma).Derivative.square().sum();

        var gradient = autograd.grad([Objective()], [weight])[0];
        var direction = randn(weight.shape, dtype: float64, generator: new Generator(4));
        // A kink of the max-pooling anywhere near would spoil a larger step.
        const double h = 1e-7;
        using var noGradients = no_grad();
        weight.add_(direction * h);
        double above = Objective().item<double>();
        weight.add_(direction * (-2 * h));
        double below = Objective().item<double>();
        double expected = (above - below) / (2 * h), actual = (gradient * direction).sum().item<double>();
        Assert.Equal(expected, actual, Math.Abs(expected) * 1e-5);
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
