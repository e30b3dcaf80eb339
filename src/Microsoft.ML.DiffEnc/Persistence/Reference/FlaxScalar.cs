namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>A plain MessagePack value, as the step counter is before the first training step.</summary>
/// <param name="value"><see langword="null"/>, <see cref="bool"/>, <see cref="long"/>, <see cref="double"/> or <see cref="string"/>.</param>
internal sealed class FlaxScalar(object? value) : FlaxNode
{
    public object? Value { get; } = value;

    public override string ToString() => Value switch
    {
        null => "null",
        string => "a text",
        _ => FormattableString.Invariant($"the plain value {Value}"),
    };
}
