using Microsoft.ML.DiffEnc;

namespace Microsoft.ML;

/// <summary>Generative models on an <see cref="MLContext"/>.</summary>
public static class GenerativeExtensions
{
    /// <summary>Trainers, transforms and evaluation of generative models.</summary>
    public static GenerativeCatalog Generative(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return new GenerativeCatalog(mlContext);
    }
}
