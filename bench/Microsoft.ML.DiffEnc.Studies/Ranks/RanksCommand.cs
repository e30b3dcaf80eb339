using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Ranks;

/// <summary>The sub-command <c>ranks</c>: how a training step scales over processes. Run it alone, and under mpirun.</summary>
internal static class RanksCommand
{
    public static System.CommandLine.Command Create()
    {
        var preset = new Option<DiffEncPreset>("--preset") { Description = "Whose networks.", DefaultValueFactory = _ => DiffEncPreset.Small };
        var side = StudyOptions.Count("--side", "Width and height of the images.", 28);
        var channels = StudyOptions.Count("--channels", "1 or 3.", 1);
        var batch = StudyOptions.Count("--batch", "Images of a step, for all ranks together.", 16);
        var steps = StudyOptions.Count("--steps", "Steps that are timed, after two that are not.", 20, least: 3);
        var gpus = new Option<bool>("--gpus") { Description = "Each rank takes the GPU of its number on its machine. [default: the CPU]" };
        var command = new System.CommandLine.Command("ranks", "Time of a training step, and of the sum of its gradients, on the processes that mpirun starts.")
        {
            preset, side, channels, batch, steps, gpus
        };
        command.SetAction((parsed, _) =>
        {
            using var group = RankGroup.Mpi();
            var study = new RanksStudy(group, parsed.GetValue(preset), parsed.GetValue(side), parsed.GetValue(channels), parsed.GetValue(gpus));
            var times = study.Run(parsed.GetValue(batch), parsed.GetValue(steps));
            if (group.Rank == 0)
                Print(times, group.Size, parsed.GetValue(batch));
            return Task.CompletedTask;
        });
        return command;
    }

    private static void Print(RanksStudy.Times times, int ranks, int batch)
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        var table = new Table().RoundedBorder();
        table.AddColumns("ranks", "batch", "parameters", "step, ms", "images/s", "sum of gradients, ms", "MB of gradients");
        table.AddRow(
            $"{ranks}", $"{batch}", Text($"{times.Parameters:N0}"), Text($"{1000 * times.Step:F1}"), Text($"{batch / times.Step:F1}"),
            ranks == 1 ? "–" : Text($"{1000 * times.Sum:F1}"), Text($"{4e-6 * times.Parameters:F1}"));
        AnsiConsole.Write(table);
    }
}
