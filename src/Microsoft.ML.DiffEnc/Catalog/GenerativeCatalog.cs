using Microsoft.ML.DiffEnc.Catalog;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>What ML.NET can do with generative models. Get it by <see cref="GenerativeExtensions.Generative"/>.</summary>
public sealed class GenerativeCatalog
{
    private readonly IHostEnvironment _env;

    internal GenerativeCatalog(IHostEnvironment env) => _env = env;

    /// <summary>Averages the likelihoods of scored images.</summary>
    /// <param name="scored">What a <see cref="DiffEncTransformer"/> made of some images: its columns must be there under their own names.</param>
    /// <exception cref="ArgumentOutOfRangeException">A likelihood column is missing or is not a <see cref="float"/>.</exception>
    /// <exception cref="InvalidOperationException">There are no rows.</exception>
    public GenerativeMetrics Evaluate(IDataView scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        return LikelihoodEvaluation.Evaluate(_env, scored);
    }
}
