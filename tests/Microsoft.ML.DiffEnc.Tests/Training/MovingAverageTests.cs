using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class MovingAverageTests
{
    [Theory]
    [InlineData(false, 0.75)]
    [InlineData(true, 3.0 / 12)] // (1 + 2)/(10 + 2)
    public void Average_moves_by_its_decay_or_by_the_ramp(bool ramp, double decay)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.None));
        using var average = model.Clone();
        Models.Perturb(model, 1);
        var before = average.NamedParameters.ToDictionary(p => p.Key, p => p.Value.detach().clone());
        new MovingAverage(model, average, decay: 0.75, ramp).Update(step: 2);
        foreach (var (name, weight) in average.NamedParameters)
            Assert.True(allclose(weight, decay * before[name] + (1 - decay) * model.NamedParameters[name], rtol: 1e-12, atol: 1e-12), name);
    }
}
