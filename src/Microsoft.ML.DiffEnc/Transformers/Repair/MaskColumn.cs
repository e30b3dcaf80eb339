using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>The column that masks are read from: pictures of the size of the images, one number for each place.</summary>
internal static class MaskColumn
{
    public static ImageColumn Of(string name, DiffEncTransformer model) => model.ImageColumn with { Name = name, Channels = 1, Holds = "mask" };
}
