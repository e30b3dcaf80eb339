using static Microsoft.ML.DiffEnc.Interop.Mpi.MpiLibrary;

namespace Microsoft.ML.DiffEnc.Interop.Mpi;

/// <summary>This process among those that mpirun started. MPI can be started once in a process, and not again after it was finished.</summary>
internal sealed class MpiProcess
{
    /// <summary>What launchers tell the processes that they start: their number, or that there are others.</summary>
    private static readonly string[] Launched = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK"];

    private static readonly Lock Gate = new();
    private static MpiProcess? _current;
    private readonly bool _isOurs;
    private bool _finished;

    private MpiProcess(MpiHandles handles, bool isOurs)
    {
        (Handles, _isOurs) = (handles, isOurs);
        Work = Duplicate();
        Notices = Duplicate();
        Check(Rank(Work, out int rank), "MPI_Comm_rank");
        Check(Size(Work, out int size), "MPI_Comm_size");
        (RankInWorld, SizeOfWorld) = (rank, size);
    }

    /// <summary>Whether a launcher, mpirun or another, started this process. It says so in the environment.</summary>
    public static bool WasLaunched => Launched.Any(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));

    public MpiHandles Handles { get; }

    /// <summary>The communicator for what all ranks do together.</summary>
    public IntPtr Work { get; }

    /// <summary>The communicator for what a rank says to another when that comes to nothing.</summary>
    public IntPtr Notices { get; }

    public int RankInWorld { get; }

    public int SizeOfWorld { get; }

    /// <summary>Other ranks are gone: MPI_Finalize, which waits for them, would not return.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Starts MPI, the first time.</summary>
    /// <exception cref="DllNotFoundException">There is no Open MPI.</exception>
    /// <exception cref="InvalidOperationException">MPI fails, or was finished before; or the launcher is another MPI's.</exception>
    public static MpiProcess Start()
    {
        lock (Gate)
        {
            if (_current is null)
            {
                var started = Begin();
                started.ThrowIfStrangeLauncher();
                AppDomain.CurrentDomain.ProcessExit += (_, _) => started.Finish();
                _current = started;
            }
            ObjectDisposedException.ThrowIf(_current._finished, _current);
            return _current;
        }
    }

    /// <summary>Ends MPI, unless others are gone, or the program started it itself.</summary>
    public void Finish()
    {
        lock (Gate)
        {
            if (_finished)
                return;
            _finished = true;
            if (_isOurs && !IsBroken && IsFinalized(out int already) == Success && already == 0)
                _ = MpiLibrary.Finish();
        }
    }

    /// <summary>Throws unless an MPI call succeeded.</summary>
    public static void Check(int error, string call) => MpiException.ThrowOn(error, call);

    private static MpiProcess Begin()
    {
        var handles = MpiHandles.Load();
        Check(IsFinalized(out int over), "MPI_Finalized");
        if (over != 0)
            throw new InvalidOperationException("MPI was finished in this process, and cannot be started again. Make one group, and dispose of it at the end.");
        Check(IsInitialized(out int running), "MPI_Initialized");
        if (running == 0)
        {
            // Errors of the start itself end the process with MPI's own message: there is nothing yet that could return them.
            Check(Initialize(IntPtr.Zero, IntPtr.Zero, ThreadSerialized, out int provided), "MPI_Init_thread");
            if (provided < ThreadSerialized)
                throw new InvalidOperationException($"{handles.Version} was built without support for threads (level {provided}; expected at least {ThreadSerialized}).");
        }
        Check(SetErrorHandler(handles.World, handles.ErrorsReturn), "MPI_Comm_set_errhandler");
        return new MpiProcess(handles, isOurs: running == 0);
    }

    private IntPtr Duplicate()
    {
        Check(MpiLibrary.Duplicate(Handles.World, out IntPtr copy), "MPI_Comm_dup");
        Check(SetErrorHandler(copy, Handles.ErrorsReturn), "MPI_Comm_set_errhandler");
        return copy;
    }

    /// <summary>Under another MPI's mpirun each process would take itself for the only one.</summary>
    private void ThrowIfStrangeLauncher()
    {
        if (SizeOfWorld == 1 && int.TryParse(Environment.GetEnvironmentVariable("PMI_SIZE"), out int launched) && launched > 1)
        {
            throw new InvalidOperationException(
                $"The launcher says that it started {launched} processes, and {Handles.Version} sees one: the launcher belongs to another MPI. Use Open MPI's mpirun.");
        }
    }
}
