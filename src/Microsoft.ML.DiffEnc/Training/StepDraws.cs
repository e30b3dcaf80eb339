using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>The times and the noise of a step. They are drawn for the whole batch, whatever part of it is computed here.</summary>
/// <param name="Times">Low-discrepancy numbers in [0, 1), [B], in double precision.</param>
/// <param name="Eps0">Noise of the reconstruction, [B, C, H, W].</param>
/// <param name="Eps">Noise of the diffusion, [B, C, H, W].</param>
internal readonly record struct StepDraws(Tensor Times, Tensor Eps0, Tensor Eps)
{
    /// <summary>The draws of one step: a function of the seed.</summary>
    public static StepDraws Of(DiffEncModel model, int batch, ulong seed)
    {
        var (d, device) = (model.Description, model.Device);
        using var generator = new Generator(seed, device);
        var times = LowDiscrepancy.Times(rand(1, dtype: float64, device: device, generator: generator), batch);
        Tensor Noise() => randn([batch, d.Channels, d.Height, d.Width], dtype: model.DataType, device: device, generator: generator);
        return new(times, Noise(), Noise());
    }

    /// <summary>The slice's part of them.</summary>
    public StepDraws View(BatchSlice slice) => new(slice.View(Times), slice.View(Eps0), slice.View(Eps));
}
