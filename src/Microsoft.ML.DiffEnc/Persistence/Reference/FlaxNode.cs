namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>A value of a Flax state: a <see cref="FlaxMap"/>, a <see cref="FlaxArray"/> or a <see cref="FlaxScalar"/>, nothing else.</summary>
internal abstract class FlaxNode
{
    private protected FlaxNode() { }
}
