using System.Globalization;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>What callers give, checked and brought into the model's type and onto its device.</content>
public sealed partial class DiffEncModel
{
    /// <summary>The conditioning of each of <paramref name="images"/>, [B], in the model's type; 0 where none is given.</summary>
    /// <exception cref="ArgumentException">It has another shape, or the model has no such class.</exception>
    private Tensor Conditioning(Tensor? conditioning, Tensor images)
    {
        if (conditioning is null)
            return zeros(images.size(0), dtype: DataType, device: Device);
        var perImage = PerImage(conditioning, images);
        if (Classes > 0) // without classes it is a number that the network takes as it is
            CheckClasses(perImage, nameof(conditioning));
        return perImage.to(DataType);
    }

    private void CheckClasses(Tensor classes, string name)
    {
        double[] values = classes.detach().cpu().data<double>().ToArray();
        int wrong = Array.FindIndex(values, v => !(v >= 0 && v <= Classes && v == Math.Floor(v)));
        if (wrong >= 0)
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"The conditioning of image {wrong} is {values[wrong]}; ")
                + $"expected the number of a class, 1..{Classes}, or 0 for none.", name);
    }

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
