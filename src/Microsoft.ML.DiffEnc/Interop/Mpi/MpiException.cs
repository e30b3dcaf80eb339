using System.Text;

namespace Microsoft.ML.DiffEnc.Interop.Mpi;

/// <summary>MPI's own account of what went wrong.</summary>
internal sealed class MpiException(string call, string text) : InvalidOperationException($"MPI failed in {call}: {text}.")
{
    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="error">What the call returned.</param>
    /// <param name="call">The function's name.</param>
    public static void ThrowOn(int error, string call)
    {
        if (error == MpiLibrary.Success)
            return;
        var text = new byte[MpiLibrary.LongestText];
        bool known = MpiLibrary.ErrorText(error, text, out int length) == MpiLibrary.Success;
        throw new MpiException(call, known ? Encoding.UTF8.GetString(text, 0, length) : $"error {error}");
    }
}
