using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>Compares the weights of a file with those a model has.</summary>
internal static class WeightCheck
{
    private const int MostNamed = 10;

    /// <exception cref="InvalidDataException">Weights are missing, superfluous, of another shape or not finite; they are named.</exception>
    public static void ThrowUnlessMatching(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> found)
    {
        var problems = new List<string>();
        foreach (var (name, parameter) in expected)
        {
            if (!found.TryGetValue(name, out var weight))
                problems.Add($"'{name}' {Shape(parameter)} is missing");
            else if (!weight.shape.SequenceEqual(parameter.shape))
                problems.Add($"'{name}' is {Shape(weight)}, expected {Shape(parameter)}");
            else if (!AllFinite(weight))
                problems.Add($"'{name}' holds values that are not finite");
        }
        problems.AddRange(found.Keys.Where(name => !expected.ContainsKey(name)).Select(name => $"'{name}' {Shape(found[name])} has no place in this model"));
        if (problems.Count == 0)
            return;
        string more = problems.Count > MostNamed ? $"; and {problems.Count - MostNamed} more" : "";
        throw new InvalidDataException($"The weights do not fit the model: {string.Join("; ", problems.Take(MostNamed))}{more}.");
    }

    private static bool AllFinite(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return isfinite(weight).all().item<bool>();
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
