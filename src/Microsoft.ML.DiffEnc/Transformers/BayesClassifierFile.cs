using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(BayesClassifierTransformer), typeof(BayesClassifierFile), null, typeof(SignatureLoadModel),
    "DiffEnc Bayes classifier", BayesClassifierFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>
/// Saves a <see cref="BayesClassifierTransformer"/> into an ML.NET model file and loads it: the entries of its <see cref="DiffEncTransformer"/>,
/// and the priors as a JSON array.
/// </summary>
internal static class BayesClassifierFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncBayesClassifier";

    /// <summary>The entry with p(c) of each class.</summary>
    public const string PriorsEntry = "Priors.json";

    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCB", LoaderSignature, version: 0x00010001, readableFrom: 0x00010001, readsBackTo: 0x00010001);

    /// <summary>Writes the transformer.</summary>
    public static void Save(ModelSaveContext ctx, DiffEncTransformer model, double[] priors)
    {
        ModelEntries.Begin(ctx, _version);
        model.WriteEntries(ctx);
        ModelEntries.Write(ctx, PriorsEntry, stream => JsonSerializer.Serialize(stream, priors));
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static BayesClassifierTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        double[] priors = ModelEntries.Read(ctx, PriorsEntry, ReadPriors);
        return FreedUnlessBuilt.Build(DiffEncTransformerFile.ReadEntries(env, ctx), model => priors.Length == model.Model.Classes
            ? new BayesClassifierTransformer(env, model, priors)
            : throw new InvalidDataException($"The classifier has {priors.Length} priors, but its model has {model.Model.Classes} classes."));
    }

    private static double[] ReadPriors(Stream stream)
    {
        try
        {
            double[]? priors = JsonSerializer.Deserialize<double[]>(stream);
            return priors is { Length: > 1 } && priors.All(p => p > 0) && Math.Abs(priors.Sum() - 1) < 1e-6
                ? priors
                : throw new InvalidDataException("The priors of a classifier must be above 0 and sum to 1, one for each of at least two classes.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The priors of a classifier cannot be read: {e.Message}", e);
        }
    }
}
