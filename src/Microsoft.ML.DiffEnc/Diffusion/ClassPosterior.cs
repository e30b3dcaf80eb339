using TorchSharp;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// Bayes' rule on a class-conditional model: p(c | x) = softmax_c (log p(x | c) + log p(c)), with the bound in place of log p(x | c) (a diffusion
/// classifier: Li et al., 2023). Not thread-safe: one call at a time.
/// </summary>
/// <remarks>
/// An image's draws depend on its pixels and the seed alone, so all classes are judged at the same times and noise: what matters is their
/// difference, and in it most of what the draws scatter cancels.
/// </remarks>
internal sealed class ClassPosterior
{
    private readonly LikelihoodScorer _scorer;
    private readonly double[] _logPriors;
    private readonly int _size, _imagesTogether;

    /// <param name="model">The model, of at least one class.</param>
    /// <param name="draws">The draws of an image.</param>
    /// <param name="priors">p(c) of each class, above 0.</param>
    public ClassPosterior(DiffEncModel model, ScoringDraws draws, IReadOnlyList<double> priors)
    {
        _logPriors = [.. priors.Select(p => Math.Log(p))];
        _size = model.Description.Dimensions;
        // The classes of an image share passes of the network. Several images share one on a GPU only: on the CPU the same passes give the same bits.
        int fill = LikelihoodScorer.ImagesThatFillAPass(model, draws);
        _imagesTogether = model.Device.type == DeviceType.CPU ? 1 : Math.Max(1, fill / Classes);
        _scorer = new LikelihoodScorer(model, draws, imagesPerPass: Math.Min(fill, _imagesTogether * Classes));
    }

    private int Classes => _logPriors.Length;

    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="posteriors">Where p(c | x) goes, image by image, class 1 first.</param>
    public void Of(ReadOnlySpan<byte> pixels, int count, Span<float> posteriors)
    {
        for (int done = 0; done < count; done += _imagesTogether)
        {
            int now = Math.Min(_imagesTogether, count - done);
            double[] joint = LogJoint(pixels.Slice(done * _size, now * _size), now);
            for (int i = 0; i < now; i++)
                Softmax(joint.AsSpan(i * Classes, Classes), posteriors.Slice((done + i) * Classes, Classes));
        }
    }

    /// <summary>log p(x | c) + log p(c) in nats, image by image: every image is scored once for each class.</summary>
    private double[] LogJoint(ReadOnlySpan<byte> pixels, int count)
    {
        var joint = new double[count * Classes];
        int step = DiffEncModel.Evenly(joint.Length, _scorer.ImagesPerPass);
        for (int done = 0; done < joint.Length; done += step)
        {
            int now = Math.Min(step, joint.Length - done);
            var (repeated, classes) = (new byte[now * _size], new int[now]);
            for (int i = 0; i < now; i++)
            {
                pixels.Slice((done + i) / Classes * _size, _size).CopyTo(repeated.AsSpan(i * _size));
                classes[i] = (done + i) % Classes + 1;
            }
            ImageDraws[] draws = _scorer.Draw(repeated, now, classes, withTimes: false);
            for (int i = 0; i < now; i++)
                joint[done + i] = _logPriors[classes[i] - 1] - draws[i].Bound;
        }
        return joint;
    }

    private static void Softmax(ReadOnlySpan<double> logits, Span<float> probabilities)
    {
        double most = double.NegativeInfinity, sum = 0;
        foreach (double logit in logits)
            most = Math.Max(most, logit);
        foreach (double logit in logits)
            sum += Math.Exp(logit - most);
        for (int i = 0; i < logits.Length; i++)
            probabilities[i] = (float)(Math.Exp(logits[i] - most) / sum);
    }
}
