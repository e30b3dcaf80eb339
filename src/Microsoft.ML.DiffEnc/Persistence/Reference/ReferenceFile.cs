namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>A checkpoint of the authors' code: a Flax training state {step, params, ema_params, opt_state}.</summary>
internal sealed class ReferenceFile
{
    private const int KeysListed = 10;
    private readonly string _path;
    private readonly FlaxMap _state;

    private ReferenceFile(string path, FlaxMap state) => (_path, _state) = (path, state);

    /// <param name="path">The file, as saved by the authors' code or packed with gzip.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or no training state.</exception>
    public static ReferenceFile Read(string path)
    {
        var document = CheckpointBytes.Read(path);
        try
        {
            return new ReferenceFile(path, FlaxMsgpack.Read(document));
        }
        catch (InvalidDataException refused)
        {
            throw new InvalidDataException($"'{path}': {refused.Message}", refused);
        }
    }

    /// <summary>Whether there is something, a map or a value, at a place.</summary>
    public bool Has(params ReadOnlySpan<string> keys) => Find(keys) is not null;

    /// <summary>The arrays below a place: <c>ema_params</c>, say.</summary>
    /// <exception cref="InvalidDataException">There is no map at that place.</exception>
    public ReferenceWeights Weights(params ReadOnlySpan<string> keys)
        => Find(keys) is FlaxMap map
            ? new ReferenceWeights(_path, string.Join('/', keys), map.Leaves().ToDictionary())
            : throw Missing(keys, "a map of arrays");

    /// <summary>A counter, which Flax saves as a plain number before the first training step and as a 0-d array after it.</summary>
    /// <exception cref="InvalidDataException">There is no such number, or it is negative or too large.</exception>
    public int Counter(params ReadOnlySpan<string> keys)
    {
        long? number = Find(keys) switch
        {
            FlaxScalar { Value: long value } => value,
            FlaxArray { Shape.Count: 0 } array => array.WholeNumber(),
            _ => null,
        };
        return number is >= 0 and <= int.MaxValue ? (int)number : throw Missing(keys, $"a whole number from 0 to {int.MaxValue}");
    }

    private FlaxNode? Find(ReadOnlySpan<string> keys)
    {
        FlaxNode? node = _state;
        foreach (string key in keys)
            node = (node as FlaxMap)?.Children.GetValueOrDefault(key);
        return node;
    }

    private InvalidDataException Missing(ReadOnlySpan<string> keys, string expected)
    {
        string found = string.Join(", ", _state.Children.Keys.Take(KeysListed).Select(name => $"'{name}'"));
        return new InvalidDataException(
            $"'{_path}' has no '{string.Join('/', keys)}' that is {expected}; its top level has {found}. Expected a training state as the " +
            "authors' code saves it.");
    }
}
