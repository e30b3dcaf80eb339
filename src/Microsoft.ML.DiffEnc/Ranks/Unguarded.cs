namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>What stands where the program's own answer to signals is left alone.</summary>
internal sealed class Unguarded : IDisposable
{
    public static readonly Unguarded Instance = new();

    private Unguarded()
    {
    }

    public void Dispose()
    {
    }
}
