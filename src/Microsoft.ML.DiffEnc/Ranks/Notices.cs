using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.DiffEnc.Interop.Mpi;
using static Microsoft.ML.DiffEnc.Interop.Mpi.MpiLibrary;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>Short messages outside of what all ranks do together: that one has failed, and that rank 0 has saved what there was to save.</summary>
internal sealed class Notices(MpiProcess mpi)
{
    private const int Failed = 1, Saved = 2;
    private const int Longest = 1024; // goes out at once, whether or not the other looks for it

    /// <summary>Tells every other rank.</summary>
    public void SendFailure(string text) => SendToAll(Failed, text);

    /// <inheritdoc cref="SendFailure"/>
    public void SendSaved() => SendToAll(Saved, "");

    /// <summary>The failure that another rank told of, if there is one.</summary>
    public (int Rank, string Text)? ReceiveFailure() => Receive(Failed);

    /// <summary>Whether rank 0 has said that it has saved.</summary>
    public bool ReceiveSaved() => Receive(Saved) is not null;

    private void SendToAll(int tag, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(bytes.Length, Longest);
        IntPtr buffer = Marshal.AllocHGlobal(Longest); // not given back: who is gone may never take it
        Marshal.Copy(bytes, 0, buffer, length);
        for (int to = 0; to < mpi.SizeOfWorld; to++)
        {
            if (to == mpi.RankInWorld || BeginSend(buffer, length, mpi.Handles.Byte, to, tag, mpi.Notices, out IntPtr request) != Success)
                continue;
            for (int i = 0; i < 100 && Test(ref request, out int done, IntPtr.Zero) == Success && done == 0; i++)
                Thread.Sleep(1);
        }
    }

    private (int Rank, string Text)? Receive(int tag)
    {
        if (Probe(AnySource, tag, mpi.Notices, out int found, out Status status) != Success || found == 0)
            return null;
        MpiProcess.Check(Count(status, mpi.Handles.Byte, out int length), "MPI_Get_count");
        var bytes = new byte[length];
        MpiProcess.Check(MpiLibrary.Receive(bytes, length, mpi.Handles.Byte, status.Source, tag, mpi.Notices, IntPtr.Zero), "MPI_Recv");
        return (status.Source, Encoding.UTF8.GetString(bytes));
    }
}
