namespace Microsoft.ML.DiffEnc.Tests.Support;

internal static class Schemas
{
    /// <summary>Columns with their types and annotations, in a fixed order, for comparison.</summary>
    public static string[] Columns(SchemaShape shape) => [.. shape.Select(Describe).Order(StringComparer.Ordinal)];

    /// <summary>All columns in their order, hidden ones too, with their types and annotations.</summary>
    public static string[] Columns(DataViewSchema schema)
        => [.. schema.Select(c => $"{c.Name} {c.Type} {c.IsHidden}, {string.Join(' ', c.Annotations.Schema.Select(a => $"{a.Name} {a.Type}"))}")];

    private static string Describe(SchemaShape.Column column)
    {
        string annotations = string.Join(' ', column.Annotations.Select(a => $"{a.Name} {a.Kind} {a.ItemType}").Order(StringComparer.Ordinal));
        return $"{column.Name} {column.Kind} {column.ItemType} key {column.IsKey}, {annotations}";
    }
}
