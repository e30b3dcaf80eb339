using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

/// <summary>
/// What is random in a step, on libtorch's device "meta": it has shapes and types but no numbers, and refuses tensors and generators of other devices as a
/// GPU does. (It has no convolutions, so the networks cannot be tried on it.)
/// </summary>
public class OtherDeviceTests
{
    [Fact]
    public void Draws_and_masks_are_where_the_model_is()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable, size: 16), dtype: ScalarType.Float32);
        model.To(META);
        var draws = StepDraws.Of(model, batch: 4, seed: 1);
        var x = model.Scale(zeros([4, 1, 16, 16], dtype: uint8, device: META));
        var dropped = new Dropout(0.1, 3, new BatchSlice(0, 4, 8)).Apply(new Dual(x, draws.Eps));
        using var noise = new ImageNoise(model, 1, [0, 1, 2, 3]);
        Assert.All(
            [draws.Times, draws.Eps0, draws.Eps, dropped.Value, dropped.Tangent!, noise.Normal(), noise.Uniform()],
            t => Assert.Equal(DeviceType.META, t.device.type));
    }
}
