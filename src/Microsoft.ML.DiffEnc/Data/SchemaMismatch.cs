namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// Errors about columns that are missing or of the wrong type. ML.NET reports these as <see cref="ArgumentOutOfRangeException"/>s, so we do.
/// </summary>
internal static class SchemaMismatch
{
    /// <summary>An error with a message that names the column, what it is, what was expected, and what would help.</summary>
    /// <param name="parameterName">The parameter of the public method that the schema came with.</param>
    /// <param name="message">The message.</param>
    public static ArgumentOutOfRangeException Error(string parameterName, string message) => new(parameterName, message);

    /// <summary>The names of a schema's visible columns, for messages.</summary>
    public static string Names(DataViewSchema schema) => string.Join(", ", schema.Where(c => !c.IsHidden).Select(c => c.Name));
}
