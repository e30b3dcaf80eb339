using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Fixtures;

/// <summary>The three losses and their gradients against the authors' code, with the same times and noise.</summary>
public sealed class BoundFixtureTests(FixtureCases cases) : FixtureTests(cases)
{
    [SharedDataTheory, MemberData(nameof(FixtureCases.All), MemberType = typeof(FixtureCases))]
    public void The_three_losses_at_given_times_are_the_reference_s(string name, ScalarType type)
    {
        FixtureCase c = Case(name, type);
        RequireBound(c, "A", c.Model, c.Vector("ts"));
    }

    [SharedDataTheory, MemberData(nameof(FixtureCases.All), MemberType = typeof(FixtureCases))]
    public void The_three_losses_at_low_discrepancy_times_are_the_reference_s(string name, ScalarType type)
    {
        FixtureCase c = Case(name, type);
        Tensor times = (c.Vector("t_base") + arange(4, dtype: type) / 4).fmod(1);
        c.RequireNumbers("B_t", times);
        RequireBound(c, "B", c.Model, times);
    }

    [SharedDataTheory, MemberData(nameof(FixtureCases.All), MemberType = typeof(FixtureCases))]
    public void The_checkpoint_s_raw_weights_are_told_from_its_averages(string name, ScalarType type)
    {
        FixtureCase c = Case(name, type);
        using DiffEncModel raw = c.LoadModel("params");
        RequireBound(c, "Araw", raw, c.Vector("ts"));
    }

    [SharedDataTheory, MemberData(nameof(FixtureCases.All), MemberType = typeof(FixtureCases))]
    public void The_gradient_of_every_parameter_is_the_reference_s(string name, ScalarType type)
    {
        FixtureCase c = Case(name, type);
        IReadOnlyDictionary<string, Tensor> parameters = c.Model.NamedParameters;
        Assert.Equal(c.ParameterCount, parameters.Values.Sum(parameter => parameter.numel()));

        var (reconstruction, latent, diffusion) = c.Model.Bound(c.Images("images"), c.Vector("ts"), c.Images("eps0"), c.Images("eps"));
        ((reconstruction + latent + diffusion).mean() / (c.Dimensions * Math.Log(2))).backward();

        List<double> norms = [], sums = [], probes = [];
        foreach (ReferenceParameter reference in ReferenceParameterMap.Of(c.Model.Description).OrderBy(parameter => parameter.Path))
        {
            Tensor parameter = parameters[reference.Name];
            Tensor gradient = reference.Layout.ToFlax(parameter.grad ?? zeros_like(parameter)).to(float64).flatten();
            parameter.grad = null;
            norms.Add(gradient.square().sum().sqrt().item<double>());
            sums.Add(gradient.sum().item<double>());
            probes.Add((gradient * arange(gradient.numel(), dtype: float64).cos()).sum().item<double>());
        }
        c.RequireNumbers("grad_l2", tensor(norms));

        // The reference has no float32 gradients. dy/dγ jumps where the largest of four pooled values changes place; in the wide case float32's
        // rounding makes one do so, which turns the encoder's gradients by 3e-4 of their length. So does a change of 6e-8 of the times in float64.
        double? tolerance = type == float64 ? null : 2e-3;
        c.RequireNumbers("grad_sum", tensor(sums), tolerance);
        c.RequireNumbers("grad_probe", tensor(probes), tolerance);
    }

    private static void RequireBound(FixtureCase c, string run, DiffEncModel model, Tensor times)
    {
        var (reconstruction, latent, diffusion) = model.Bound(c.Images("images"), times, c.Images("eps0"), c.Images("eps"));
        c.RequireNumbers($"{run}_loss_recon", reconstruction);
        c.RequireNumbers($"{run}_loss_klz", latent);
        c.RequireNumbers($"{run}_loss_diff", diffusion);
        Tensor parts = stack([reconstruction + latent + diffusion, reconstruction, latent, diffusion]);
        c.RequireNumbers($"{run}_bpd_mean", parts.mean([1]) / (c.Dimensions * Math.Log(2)));
    }
}
