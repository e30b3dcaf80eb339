using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>The times and the noise of a step. They are drawn for the whole batch, whatever part of it is computed here.</summary>
/// <param name="Times">Low-discrepancy numbers in [0, 1), [B], in double precision.</param>
/// <param name="Eps0">Noise of the reconstruction, [B, C, H, W].</param>
/// <param name="Eps">Noise of the diffusion, [B, C, H, W].</param>
internal readonly record struct StepDraws(Tensor Times, Tensor Eps0, Tensor Eps)
{
    /// <summary>
    /// The draws of one step: a function of the seed. They are made on the host wherever the model is: TorchSharp 0.107 has generators of the CPU alone.
    /// </summary>
    public static StepDraws Of(DiffEncModel model, int batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed, CPU);
        var d = model.Description;
        Tensor Kept(Tensor onHost) => onHost.BroughtTo(model.Device).MoveToOuterDisposeScope();
        Tensor Noise() => Kept(randn([batch, d.Channels, d.Height, d.Width], dtype: model.DataType, device: CPU, generator: generator));
        return new(Kept(LowDiscrepancy.Times(rand(1, dtype: float64, device: CPU, generator: generator), batch)), Noise(), Noise());
    }

    /// <summary>The slice's part of them.</summary>
    public StepDraws View(BatchSlice slice) => new(slice.View(Times), slice.View(Eps0), slice.View(Eps));
}
