namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>A level of a Flax tree.</summary>
internal sealed class FlaxMap(IReadOnlyDictionary<string, FlaxNode> children) : FlaxNode
{
    public IReadOnlyDictionary<string, FlaxNode> Children { get; } = children;

    /// <summary>The arrays and scalars below this level with their paths from here. Empty maps hold nothing and do not appear.</summary>
    public IEnumerable<KeyValuePair<FlaxPath, FlaxNode>> Leaves() => Leaves(new FlaxPath());

    private IEnumerable<KeyValuePair<FlaxPath, FlaxNode>> Leaves(FlaxPath at)
    {
        foreach ((string key, FlaxNode child) in Children)
        {
            FlaxPath path = at.Append(key);
            if (child is not FlaxMap map)
            {
                yield return KeyValuePair.Create(path, child);
                continue;
            }
            foreach (KeyValuePair<FlaxPath, FlaxNode> leaf in map.Leaves(path))
                yield return leaf;
        }
    }
}
