using System.CommandLine;
using DataParallel;
using Microsoft.ML.DiffEnc;

var steps = new Option<int>("--steps") { Description = "Training steps.", DefaultValueFactory = _ => 200 };
var batch = new Option<int>("--batch") { Description = "Images of a step, for all processes together.", DefaultValueFactory = _ => 16 };
var checkpoints = new Option<string?>("--checkpoints") { Description = "A folder for checkpoints, of rank 0. [default: none]" };
var gpus = new Option<bool>("--gpus") { Description = "Each process takes the GPU of its number on its machine. [default: the CPU]" };
var root = new RootCommand("Trains one model and scores one data set by all processes that mpirun starts.") { steps, batch, checkpoints, gpus };
root.SetAction(parsed =>
{
    try
    {
        using var group = RankGroup.Mpi();
        new Run(group, parsed.GetValue(gpus)).Go(parsed.GetValue(steps), parsed.GetValue(batch), parsed.GetValue(checkpoints));
        return 0;
    }
    catch (Exception e) when (e is InvalidOperationException or ArgumentException or OperationCanceledException or DllNotFoundException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return root.Parse(args).Invoke();
