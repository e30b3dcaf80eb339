using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>How libtorch, and kernels of our own, say that there is no memory left.</summary>
internal static class OutOfMemory
{
    private static readonly string[] Messages = ["out of memory", "can't allocate memory", "not enough memory", "std::bad_alloc"];

    public static bool Is(Exception exception) => exception is OutOfMemoryException
        || (exception is ExternalException && Messages.Any(m => exception.Message.Contains(m, StringComparison.OrdinalIgnoreCase)))
        || (exception.InnerException is { } inner && Is(inner));
}
