namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>
/// The place of a value in a Flax tree, as its key at every level.
/// </summary>
/// <remarks>
/// Flax keys contain dots (<c>down.block_0</c>), so a path is never one joined string; <see cref="ToString"/> joins with '/' for people only.
/// </remarks>
internal readonly struct FlaxPath(params string[] keys) : IEquatable<FlaxPath>, IComparable<FlaxPath>
{
    private readonly string[]? _keys = keys;

    public ReadOnlySpan<string> Keys => _keys;

    public FlaxPath Append(params ReadOnlySpan<string> keys) => new([.. Keys, .. keys]);

    public bool Equals(FlaxPath other) => Keys.SequenceEqual(other.Keys);

    public override bool Equals(object? obj) => obj is FlaxPath other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = new();
        foreach (string key in Keys)
            hash.Add(key, StringComparer.Ordinal);
        return hash.ToHashCode();
    }

    /// <summary>Orders by components, by code unit: the order in which Flax stores and JAX flattens a tree.</summary>
    public int CompareTo(FlaxPath other)
    {
        int shared = Math.Min(Keys.Length, other.Keys.Length);
        for (int i = 0; i < shared; i++)
        {
            int order = string.CompareOrdinal(Keys[i], other.Keys[i]);
            if (order != 0)
                return order;
        }
        return Keys.Length.CompareTo(other.Keys.Length);
    }

    public override string ToString() => string.Join('/', _keys ?? []);
}
