using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Interop.Mpi;

/// <summary>
/// The few functions of Open MPI's C interface that are used here. Its handles are addresses: those of types and operations are exported variables of
/// the library, see <see cref="MpiHandles"/>.
/// </summary>
internal static class MpiLibrary
{
    /// <summary>The file of Open MPI 2 to 5. Other implementations have other names, or other numbers.</summary>
    public const string File = "libmpi.so.40";

    public const int Success = 0, AnySource = -1, LongestText = 256;

    /// <summary>Calls may come from any thread, one at a time.</summary>
    public const int ThreadSerialized = 2;

    /// <summary>The result takes the place of what is given.</summary>
    public static readonly IntPtr InPlace = 1;

    [StructLayout(LayoutKind.Sequential)]
    public struct Status
    {
        public int Source, Tag, Error;
        private readonly int _cancelled;
        private readonly nuint _bytes;
    }

    [DllImport(File, EntryPoint = "MPI_Get_library_version")]
    public static extern int GetLibraryVersion(byte[] text, out int length);

    [DllImport(File, EntryPoint = "MPI_Init_thread")]
    public static extern int Initialize(IntPtr argumentCount, IntPtr arguments, int threads, out int provided);

    [DllImport(File, EntryPoint = "MPI_Initialized")]
    public static extern int IsInitialized(out int flag);

    [DllImport(File, EntryPoint = "MPI_Finalized")]
    public static extern int IsFinalized(out int flag);

    [DllImport(File, EntryPoint = "MPI_Finalize")]
    public static extern int Finish();

    [DllImport(File, EntryPoint = "MPI_Error_string")]
    public static extern int ErrorText(int error, byte[] text, out int length);

    [DllImport(File, EntryPoint = "MPI_Comm_dup")]
    public static extern int Duplicate(IntPtr communicator, out IntPtr copy);

    [DllImport(File, EntryPoint = "MPI_Comm_set_errhandler")]
    public static extern int SetErrorHandler(IntPtr communicator, IntPtr handler);

    [DllImport(File, EntryPoint = "MPI_Comm_rank")]
    public static extern int Rank(IntPtr communicator, out int rank);

    [DllImport(File, EntryPoint = "MPI_Comm_size")]
    public static extern int Size(IntPtr communicator, out int size);

    [DllImport(File, EntryPoint = "MPI_Iallreduce")]
    public static extern int BeginAllReduce(
        IntPtr send, IntPtr receive, int count, IntPtr type, IntPtr operation, IntPtr communicator, out IntPtr request);

    [DllImport(File, EntryPoint = "MPI_Ibcast")]
    public static extern int BeginBroadcast(IntPtr buffer, int count, IntPtr type, int root, IntPtr communicator, out IntPtr request);

    [DllImport(File, EntryPoint = "MPI_Iallgather")]
    public static extern int BeginAllGather(
        IntPtr send, int sendCount, IntPtr sendType, IntPtr receive, int receiveCount, IntPtr receiveType, IntPtr communicator, out IntPtr request);

    [DllImport(File, EntryPoint = "MPI_Ibarrier")]
    public static extern int BeginBarrier(IntPtr communicator, out IntPtr request);

    [DllImport(File, EntryPoint = "MPI_Test")]
    public static extern int Test(ref IntPtr request, out int done, IntPtr status);

    [DllImport(File, EntryPoint = "MPI_Isend")]
    public static extern int BeginSend(IntPtr buffer, int count, IntPtr type, int to, int tag, IntPtr communicator, out IntPtr request);

    [DllImport(File, EntryPoint = "MPI_Iprobe")]
    public static extern int Probe(int from, int tag, IntPtr communicator, out int found, out Status status);

    [DllImport(File, EntryPoint = "MPI_Get_count")]
    public static extern int Count(in Status status, IntPtr type, out int count);

    [DllImport(File, EntryPoint = "MPI_Recv")]
    public static extern int Receive(byte[] buffer, int count, IntPtr type, int from, int tag, IntPtr communicator, IntPtr status);
}
