using System.Diagnostics;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

/// <summary>What the processes of a test do that mpirun starts: this assembly is a program too. The first argument says what.</summary>
internal static class RankProgram
{
    public static int Main(string[] arguments)
    {
        if (arguments.Length == 0)
        {
            Console.Error.WriteLine("This is run by the tests of Ranks, under mpirun; the tests themselves by 'dotnet test'.");
            return 2;
        }
        try
        {
            using var group = RankGroup.Mpi(TimeSpan.FromSeconds(arguments is ["stall", ..] ? 3 : 120));
            Run(group, arguments);
            Say(group, "done");
            return 0;
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException)
        {
            Console.WriteLine(e.Message);
            return 1;
        }
    }

    private static void Run(RankGroup group, string[] arguments)
    {
        switch (arguments)
        {
            case ["group"]:
                GroupCheck.Run(group.Ranks);
                ViewCheck.Run(group);
                break;
            case ["throw"]:
                Working(group, () => throw new InvalidOperationException("It broke."));
                break;
            case ["die"]:
                Working(group, () => Process.GetCurrentProcess().Kill());
                break;
            case ["stall"]:
                Working(group, () => Thread.Sleep(TimeSpan.FromSeconds(6)));
                break;
            case ["train", var folder]:
                TrainingProgram.Compare(group, folder);
                break;
            case ["score"]:
                TrainingProgram.Score(group);
                break;
            case ["train-die", var folder]:
                TrainingProgram.Interrupted(group, folder, () => Process.GetCurrentProcess().Kill());
                break;
            case ["train-term", var folder]:
                TrainingProgram.Interrupted(group, folder, TrainingProgram.Terminate);
                break;
            case ["train-different"]:
                TrainingProgram.Different(group);
                break;
            default:
                throw new ArgumentException($"There is no '{string.Join(' ', arguments)}' to run.");
        }
    }

    /// <summary>Sums again and again; rank 1 does something else on the way.</summary>
    private static void Working(RankGroup group, Action onRank1)
    {
        var ranks = group.Ranks;
        using var guard = ranks.Guard(() => Say(group, "saves at once"));
        using var tensor = ones(1000);
        try
        {
            for (int i = 0; i < 10; i++)
            {
                if (i == 5 && ranks.Rank == 1)
                    onRank1();
                ranks.Sum(tensor);
            }
        }
        catch (Exception e)
        {
            ranks.Abandon(e, () => Say(group, "saves"));
            throw;
        }
    }

    public static void Say(RankGroup group, string text) => Console.WriteLine($"[{group.Rank} of {group.Size}] {text}");
}
