using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Studies.Ranks;

/// <summary>Times training steps as the trainer makes them, and the sum over the ranks alone.</summary>
internal sealed class RanksStudy(RankGroup group, DiffEncPreset preset, int side, int channels, bool onGpus)
{
    private const int Images = 256, Untimed = 2, Sums = 10;

    /// <summary>Medians, in seconds, of rank 0.</summary>
    public sealed record Times(double Step, double Sum, long Parameters);

    public Times Run(int batch, int steps)
    {
        var ml = new MLContext(seed: 1) { GpuDeviceId = onGpus ? group.LocalRank : null };
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, side * side * channels);
        var random = new Random(1);
        var rows = Enumerable.Range(0, Images).Select(_ => new Row(random, side * side * channels)).ToArray();
        var trainer = ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            Width = side,
            Height = side,
            Channels = channels,
            Preset = preset,
            BatchSize = batch,
            Steps = Untimed + steps,
            Ranks = group,
        });
        var observer = new Observer();
        trainer.Observer = observer;
        using var model = trainer.Fit(ml.Data.LoadFromEnumerable(rows, schema));
        long parameters = model.Model.NamedParameters.Values.Sum(p => p.numel());
        return new Times(Median(observer.Steps.Skip(Untimed)), TimeSums(parameters, model.Model.Device), parameters);
    }

    private double TimeSums(long length, Device device)
    {
        using var buffer = ones(length, device: device);
        var times = new List<double>();
        for (int i = 0; i <= Sums; i++)
        {
            group.Ranks.Any(false); // all begin together
            var clock = Stopwatch.StartNew();
            group.Ranks.Sum(buffer);
            times.Add(clock.Elapsed.TotalSeconds);
        }
        return Median(times.Skip(1));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private sealed class Observer : IStepObserver
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public List<double> Steps { get; } = [];

        public void Reached(StepPhase phase, BatchSlice slice)
        {
            if (phase != StepPhase.Update)
                return;
            Steps.Add(_clock.Elapsed.TotalSeconds);
            _clock.Restart();
        }
    }

    private sealed class Row
    {
        public Row(Random random, int length) => random.NextBytes(Image = new byte[length]);

        public byte[] Image { get; set; }
    }
}
