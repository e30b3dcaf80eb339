using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Brings the images of a step to the device.</summary>
internal sealed class BatchFeeder
{
    private readonly DiffEncModel _model;
    private readonly PixelTable _images;
    private readonly BatchOrder _order;
    private readonly BatchLabels? _labels;
    private readonly int[] _rows;
    private readonly float[] _classes;
    private long _step = -1;

    public BatchFeeder(DiffEncModel model, PixelTable images, TrainingSettings settings)
    {
        var seeds = new StepSeeds(settings.Seed);
        (_model, _images) = (model, images);
        _order = new BatchOrder(images.Count, settings.BatchSize, seeds.Of(DrawPurpose.Order));
        _labels = images.HasLabels ? new BatchLabels(images, settings.LabelDropout, seeds.Of(DrawPurpose.Labels)) : null;
        _rows = new int[settings.BatchSize];
        _classes = new float[settings.BatchSize];
    }

    /// <summary>The scaled images of a slice of a step's batch, [B, C, H, W], and the classes that they are shown with, [B].</summary>
    public (Tensor Images, Tensor Classes) Read(int step, BatchSlice slice)
    {
        Begin(step);
        using var scope = NewDisposeScope();
        var d = _model.Description;
        var pixels = empty([slice.Count, d.Channels, d.Height, d.Width], dtype: uint8);
        _images.Gather(_rows.AsSpan(slice.First, slice.Count), pixels.bytes);
        var x = Pixels.Scale(pixels.BroughtTo(_model.Device), _model.DataType);
        var classes = _labels is null
            ? zeros(slice.Count, dtype: _model.DataType, device: _model.Device)
            : tensor(_classes.AsSpan(slice.First, slice.Count).ToArray(), dtype: _model.DataType).BroughtTo(_model.Device);
        return (x.MoveToOuterDisposeScope(), classes.MoveToOuterDisposeScope());
    }

    /// <summary>Decides which images are in the step's batch, and which labels are left out.</summary>
    private void Begin(int step)
    {
        if (step == _step)
            return;
        _step = step;
        _order.Fill(step, _rows);
        _labels?.Fill(step, _rows, _classes);
    }
}
