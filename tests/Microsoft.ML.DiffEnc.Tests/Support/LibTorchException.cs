using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>An error as TorchSharp passes libtorch's on.</summary>
internal sealed class LibTorchException(string message) : ExternalException(message);
