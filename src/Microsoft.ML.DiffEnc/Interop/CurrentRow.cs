namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>The row that a cursor stands on.</summary>
internal static class CurrentRow
{
    /// <summary>The refusal of values where there is none.</summary>
    public static InvalidOperationException Missing() => new("The cursor stands before the first row, or after the last: call MoveNext first.");
}
