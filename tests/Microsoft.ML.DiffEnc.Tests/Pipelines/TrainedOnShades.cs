using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Tests.Pipelines;

/// <summary>A model of dark and light pictures, hardly trained, and data of them.</summary>
public sealed class TrainedOnShades : IDisposable
{
    public TrainedOnShades() => Model = ML.Generative().DiffEnc(PipelineStep.Trainer()).Fit(Data(20));

    public MLContext ML { get; } = new(seed: 5);

    public DiffEncTransformer Model { get; }

    /// <summary>Image, a vector of bytes; Label, a key of text.</summary>
    public IDataView Data(int count) => Shades.Keyed(ML, Shades.Rows(count));

    /// <summary>The same pictures with MLImages in place of the vectors.</summary>
    public IDataView Images(int count)
    {
        var rows = Shades.Rows(count).Select(row => new ImageRow { Text = row.Label!, Image = Pictures.Image(row.Image, 8, 8) });
        IDataView images = ML.Data.LoadFromEnumerable(rows.ToArray());
        return ML.Transforms.Conversion.MapValueToKey("Label", "Text").Fit(images).Transform(images);
    }

    public void Dispose()
    {
        Model.Dispose();
        // CrossValidate and Preview keep what they fit to themselves. Its tensors are to go now, and not while a later test counts tensors.
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private sealed class ImageRow
    {
        public string Text { get; set; } = "";

        [ImageType(8, 8)]
        public MLImage? Image { get; set; }
    }
}
