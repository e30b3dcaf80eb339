using System.Globalization;
using System.Text;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>
/// The processes of the other ranks, as far as they run on this machine: MPI says nothing when one of them dies, but the operating system does.
/// </summary>
internal sealed class Peers
{
    private readonly List<(int Rank, int Process, string Started)> _local = [];

    /// <param name="descriptions">What each rank said in <see cref="DescribeThis"/>, by rank.</param>
    /// <param name="rank">This rank.</param>
    public Peers(IReadOnlyList<string> descriptions, int rank)
    {
        string[] mine = descriptions[rank].Split('\n');
        for (int other = 0; other < descriptions.Count; other++)
        {
            string[] parts = descriptions[other].Split('\n');
            if (parts[0] != mine[0])
                continue;
            if (other < rank)
                LocalRank++;
            int process = int.Parse(parts[1], CultureInfo.InvariantCulture);
            // In a container of its own a process has another number there than here; only those that can be seen are looked at.
            if (other != rank && Started(process) == parts[2])
                _local.Add((other, process, parts[2]));
        }
    }

    /// <summary>How many of the lower ranks run on this machine.</summary>
    public int LocalRank { get; }

    /// <summary>This process, for the others: machine, number and when it was started.</summary>
    public static string DescribeThis() => string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName}\n{Environment.ProcessId}\n{Started(Environment.ProcessId)}");

    /// <summary>Those that ran here and do no more, in words; <see langword="null"/>: none that is known of.</summary>
    public string? Dead()
    {
        string[] dead = [.. _local.Where(peer => Started(peer.Process) != peer.Started).Select(peer => $"rank {peer.Rank} (process {peer.Process})")];
        return dead.Length == 0 ? null : string.Join(" and ", dead);
    }

    /// <summary>When a process was started, in the kernel's ticks; empty: there is none of that number, or it has ended.</summary>
    private static string Started(int process)
    {
        try
        {
            // "pid (name) state …", where the name may hold anything; the 20th field after the state is the time.
            string stat = File.ReadAllText($"/proc/{process}/stat", Encoding.Latin1);
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? "" : fields[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return "";
        }
    }
}
