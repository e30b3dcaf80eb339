using System.Globalization;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>What callers give, checked and brought into the model's type and onto its device.</content>
public sealed partial class DiffEncModel
{
    private Tensor Conditioning(Tensor? conditioning, Tensor perImage)
        => conditioning is null ? zeros_like(perImage, dtype: DataType) : PerImage(conditioning, perImage).to(DataType);

    /// <summary>One number for each image, in double precision and on the model's device.</summary>
    private Tensor PerImage(Tensor argument, Tensor? images = null, [CallerArgumentExpression(nameof(argument))] string name = "")
    {
        if (argument.dim() != 1 || (images is not null && argument.size(0) != images.size(0)))
            throw new ArgumentException($"The tensor is {Shape(argument)}; expected one number for each image, [{Count(images)}].", name);
        return argument.to(float64, Device);
    }

    /// <summary>Images in the model's type and on its device, as many as others.</summary>
    private Tensor Own(Tensor images, Tensor? others = null, [CallerArgumentExpression(nameof(images))] string name = "")
        => Images(images, others, name).to(DataType);

    private Tensor Images(Tensor images, Tensor? others = null, [CallerArgumentExpression(nameof(images))] string name = "")
    {
        var d = Description;
        long count = others?.size(0) ?? (images.dim() > 0 ? images.size(0) : 0);
        if (!images.shape.SequenceEqual([count, d.Channels, d.Height, d.Width]))
            throw new ArgumentException($"The tensor is {Shape(images)}; expected [{Count(others)}, {d.Channels}, {d.Height}, {d.Width}].", name);
        return images.to(Device);
    }

    private static string Count(Tensor? images) => images?.size(0).ToString(CultureInfo.InvariantCulture) ?? "B";

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
