namespace Microsoft.ML.DiffEnc;

/// <summary>How images are classified by a class-conditional model: see <see cref="GenerativeCatalog.BayesClassifier"/>.</summary>
public sealed class BayesClassifierOptions
{
    /// <summary>The probabilities of the classes before the image is seen. Default <see cref="ClassPriors.Uniform"/>.</summary>
    public ClassPriors Priors;

    /// <summary>The key column that <see cref="ClassPriors.FromData"/> counts; it is not looked at otherwise. Default <c>Label</c>.</summary>
    public string LabelColumnName = "Label";

    /// <summary>K, sets of draws on which an image is scored, 1..10000; all classes share them. Default 4.</summary>
    public int Draws = 4;

    /// <summary>M, low-discrepancy times in each set, 1..256. An image costs classes × K × M evaluations of the networks. Default 8.</summary>
    public int TimesPerDraw = 8;

    /// <summary>The seed that decides, with an image's own pixels, its draws. <see langword="null"/> (default): the model's scoring seed.</summary>
    public int? Seed;

    internal BayesClassifierOptions Copy() => (BayesClassifierOptions)MemberwiseClone();
}
