using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>How libtorch, and kernels of our own, say that there is no memory left.</summary>
internal static class OutOfMemory
{
    // The last three are cuDNN's and oneDNN's, which are left no room for what they need beside the tensors.
    private static readonly string[] Messages =
    [
        "out of memory", "can't allocate memory", "not enough memory", "std::bad_alloc", "STATUS_ALLOC_FAILED",
        "unable to find an engine to execute this computation", "could not create a primitive",
    ];

    public static bool Is(Exception exception) => exception is OutOfMemoryException
        || (exception is ExternalException && Messages.Any(m => exception.Message.Contains(m, StringComparison.OrdinalIgnoreCase)))
        || (exception.InnerException is { } inner && Is(inner));
}
