using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.DiffEnc.Interop.Mpi;

/// <summary>Open MPI's constants: communicators, types and operations are the addresses of variables that the library exports.</summary>
/// <param name="Library">The loaded library.</param>
/// <param name="Version">What it says of itself.</param>
internal sealed record MpiHandles(IntPtr Library, string Version)
{
    private const string Name = "Open MPI";

    // RTLD_NOW and RTLD_GLOBAL: Open MPI loads its own parts while it runs, and those of some builds look for its symbols among all of the process.
    private const int NowAndForAll = 0x2 | 0x100;

    public IntPtr World { get; } = Address(Library, "ompi_mpi_comm_world");
    public IntPtr ErrorsReturn { get; } = Address(Library, "ompi_mpi_errors_return");
    public IntPtr Single { get; } = Address(Library, "ompi_mpi_float");
    public IntPtr Int32 { get; } = Address(Library, "ompi_mpi_int");
    public IntPtr Byte { get; } = Address(Library, "ompi_mpi_byte");
    public IntPtr Sum { get; } = Address(Library, "ompi_mpi_op_sum");

    /// <summary>Loads the library.</summary>
    /// <exception cref="DllNotFoundException">There is none, or it is not Open MPI's.</exception>
    public static MpiHandles Load()
    {
        if (!OperatingSystem.IsLinux())
            throw new DllNotFoundException("Training over MPI runs on Linux only: it uses Open MPI's C library.");
        IntPtr library = Open(Encoding.UTF8.GetBytes(MpiLibrary.File + '\0'), NowAndForAll);
        if (library == IntPtr.Zero)
        {
            throw new DllNotFoundException(
                $"The MPI library cannot be loaded: {Marshal.PtrToStringUTF8(LastError())}. Install Open MPI ('apt-get install openmpi-bin' on Debian and Ubuntu, " +
                $"'dnf install openmpi' on Fedora), or put the folder of its {MpiLibrary.File} on LD_LIBRARY_PATH. Other implementations of MPI are not supported.");
        }
        string version = ReadVersion();
        return version.StartsWith(Name, StringComparison.Ordinal) && NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _)
            ? new MpiHandles(library, version)
            : throw new DllNotFoundException(
                $"{MpiLibrary.File} is '{version}'; expected {Name}, whose C interface is used here. Put the folder of Open MPI's library first on LD_LIBRARY_PATH.");
    }

    private static string ReadVersion()
    {
        // Longer than any implementation's longest: MPICH's are 8,192 characters.
        var text = new byte[16384];
        return MpiLibrary.GetLibraryVersion(text, out int length) == MpiLibrary.Success
            ? Encoding.UTF8.GetString(text, 0, length).Split('\n', ',')[0].TrimEnd('\0')
            : "a library that does not say its version";
    }

    private static IntPtr Address(IntPtr library, string name) => NativeLibrary.GetExport(library, name);

    [DllImport("libdl.so.2", EntryPoint = "dlopen")]
    private static extern IntPtr Open(byte[] path, int flags);

    [DllImport("libdl.so.2", EntryPoint = "dlerror")]
    private static extern IntPtr LastError();
}
