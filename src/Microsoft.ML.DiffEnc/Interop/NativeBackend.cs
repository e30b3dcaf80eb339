namespace Microsoft.ML.DiffEnc.Interop;

internal static class NativeBackend
{
    public static void EnsureLoaded()
    {
    }
}
