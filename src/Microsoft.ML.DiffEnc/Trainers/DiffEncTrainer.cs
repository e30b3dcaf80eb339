using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Ranks;
using Microsoft.ML.DiffEnc.Trainers;
using Microsoft.ML.DiffEnc.Training;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>Trains DiffEnc, a variational diffusion model with a learned, time-dependent encoder (Nielsen et al., ICLR 2024), on images.</summary>
/// <remarks>
/// <list type="table">
/// <listheader><term>Trainer characteristics</term><description></description></listheader>
/// <item><term>Machine learning task</term><description>Density estimation; anomaly detection; generation; with labels, multiclass
/// classification</description></item>
/// <item><term>Label column</term><description>None, or a key: then the model is conditioned on the class</description></item>
/// <item><term>Input column</term><description><c>MLImage</c>, or a fixed-size vector of <see cref="float"/> or <see cref="byte"/> values
/// 0..255</description></item>
/// <item><term>Output columns</term><description>See <see cref="DiffEncTransformer"/></description></item>
/// <item><term>Is normalization required?</term><description>No: pixels are the integers 0..255</description></item>
/// <item><term>Is caching required?</term><description>No: the images are read once and kept as bytes</description></item>
/// <item><term>Required NuGet in addition to Microsoft.ML</term><description>Microsoft.ML.DiffEnc, and a TorchSharp back end such as
/// TorchSharp-cpu</description></item>
/// <item><term>Exportable to ONNX</term><description>No</description></item>
/// </list>
/// Get one by <c>mlContext.Generative().DiffEnc(…)</c>. The device is the <see cref="MLContext"/>'s <c>GpuDeviceId</c>, the CPU without one.
/// </remarks>
public sealed partial class DiffEncTrainer : IEstimator<DiffEncTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;
    private readonly ModelDescription _description;
    private readonly TrainingSettings _settings; // all but the seed
    private readonly int _steps;
    private readonly ImageColumn _column;
    private readonly LabelColumn? _label;

    /// <exception cref="ArgumentException">An option is missing or out of its range; the message names it.</exception>
    internal DiffEncTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _host = environment.Register(nameof(DiffEncTrainer));
        options = options.Copy(); // what the caller changes from here on is not checked
        _options = options;
        _description = OptionsCheck.Describe(options);
        _settings = OptionsCheck.Settings(options, seed: 0);
        _steps = OptionsCheck.Steps(options);
        OptionsCheck.CheckTheRest(options);
        StartOptions.CheckInitialModel(options, _description, classesAreKnown: false);
        _column = new ImageColumn(options.InputColumnName, options.Width, options.Height, options.Channels, options.PixelLayout);
        _label = options.LabelColumnName is null ? null : new LabelColumn(options.LabelColumnName);
    }

    /// <summary>Told of the parts of every step: for benchmarks and tests.</summary>
    internal IStepObserver? Observer { get; set; }

    /// <summary>Where it trains, a part of every batch on each: for tests on several CPUs. <see langword="null"/>: as the options and the host say.</summary>
    internal IReadOnlyList<TorchSharp.torch.Device>? Devices { get; set; }

    private IRankGroup Ranks => _options.Ranks?.Ranks ?? SingleRank.Instance;

    /// <summary>Trains on all images of <paramref name="input"/>, which are read once.</summary>
    /// <returns>The trained model, as a transformer that scores likelihoods. Dispose it to free the weights.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size, or the label column is missing or no
    /// key.</exception>
    /// <exception cref="InvalidOperationException">There are no images, or none has a label; one is missing or holds values that are no pixels; the
    /// device is not there; the training diverges; the checkpoints are of another training, or the reference checkpoint already stands where this one is to
    /// end; or, with
    /// <see cref="Options.Ranks"/>, another rank is gone, has failed, does not answer or was given something else.</exception>
    /// <exception cref="ArgumentException"><see cref="Options.InitialModel"/> is not a model such as the options describe.</exception>
    /// <exception cref="DllNotFoundException">There is no native libtorch that can be loaded.</exception>
    /// <exception cref="IOException">The reference checkpoint cannot be read.</exception>
    /// <exception cref="InvalidDataException">The reference checkpoint is damaged, does not fit its configuration, or has no whole optimiser
    /// state.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public DiffEncTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var channel = _host.Start("Training");
        ITrainingLog log = new ChannelLog(channel, _options.Progress);
        if (Ranks.Rank != 0)
            log = new RankLog(log, Ranks.Rank);
        var token = _options.CancellationToken;
        bool agreed = false;
        try
        {
            var devices = Devices ?? HostSettings.SelectDevices(_host, _options.GpuDeviceIds);
            var label = _label?.BoundTo(input.Schema);
            StartOptions.CheckInitialModel(_options, Model(label), classesAreKnown: true);
            using var start = StartOptions.Load(_options, _description, _steps);
            var plan = Plan(input, label, devices[0]) with { Start = start };
            Announce(plan, devices, log);
            if (label is not null)
                LabelCheck.Check(plan, label, log);
            PrecisionSupport.Check(plan.Settings.Precision, devices[0], log.Warning);
            agreed = true; // from here on the run answers for it that all ranks end
            return FreedUnlessBuilt.Build(TrainingRun.Run(plan, devices, log, token), model =>
            {
                Remember(model, plan, log);
                return new DiffEncTransformer(_host, model, Scoring(model, plan, label));
            });
        }
        catch (Exception e) when (!agreed)
        {
            Ranks.Abandon(e, save: null);
            throw;
        }
    }

    private void Announce(TrainingPlan plan, IReadOnlyList<TorchSharp.torch.Device> devices, ITrainingLog log)
    {
        string size = $"{_description.Width}×{_description.Height}×{_description.Channels}";
        string who = Ranks.Size > 1 ? $"{Ranks.Size} processes, this one on {devices[0]}" : string.Join(", ", devices);
        log.Info($"Training on {plan.Images.Count} images of {size}, on {who}: {plan.Steps} steps of {plan.Settings.BatchSize}, seed {plan.Settings.Seed}.");
        if (_options.Encoder != EncoderKind.Trainable && (_options.EncoderWidth ?? _options.EncoderBlocks) is not null)
            log.Warning($"EncoderWidth and EncoderBlocks have no effect: Encoder is {_options.Encoder}, which has no network.");
        if (plan.Start is not null)
            log.Info($"Starting from {_options.ReferenceCheckpointPath ?? "the initial model's weights"}, step {plan.Start.Step}.");
    }

    /// <summary>Has the model keep features of its training images.</summary>
    private void Remember(DiffEncModel model, TrainingPlan plan, ITrainingLog log)
    {
        if (_options.RememberedImages == 0)
            return;
        log.Info($"Keeping features of {Math.Min(plan.Images.Count, _options.RememberedImages)} training images.");
        model.TrainingImages = ContentFeatures.Remember(
            model, plan.Images, _options.RememberedImages, plan.Settings.Seed, _options.CancellationToken);
    }

    private ScoringSettings Scoring(DiffEncModel model, TrainingPlan plan, LabelColumn? label) => new(
        _options.InputColumnName,
        _options.PixelLayout,
        _options.ScoringDraws,
        _options.ScoringTimesPerDraw,
        _options.ScoringSeed ?? plan.Settings.Seed,
        Grid(model, plan))
    {
        ClassNames = label?.Names,
    };

    /// <summary>The schema with the likelihood columns, all <see cref="float"/>: see <see cref="DiffEncTransformer"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type, or the label column is missing or no
    /// key.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _column.Check(inputSchema);
        _label?.Check(inputSchema);
        return LikelihoodColumns.AppendTo(inputSchema);
    }

    /// <summary>The model's description, once the labels say how many classes there are.</summary>
    private ModelDescription Model(LabelColumn? label) => _description with { Classes = label?.Classes ?? 0 };

    private TrainingPlan Plan(IDataView input, LabelColumn? label, TorchSharp.torch.Device device)
    {
        _column.Find(input.Schema);
        if (_options.ValidationSet is not null)
            InValidationSet(() => (_column.Find(_options.ValidationSet.Schema), label?.Find(_options.ValidationSet.Schema)));
        if (_options.CheckpointFolder is not null && Ranks.Rank == 0)
            CheckpointFolder.Prepare(_options.CheckpointFolder);
        PixelTable Load(IDataView data) => PixelTable.Load(_host, data, _column, _options.CancellationToken, label);
        return new TrainingPlan
        {
            Model = Model(label),
            Settings = _settings with { Seed = Seed() },
            Images = Load(input),
            Steps = _steps,
            ValidationImages = _options.ValidationSet is null ? null : InValidationSet(() => Load(_options.ValidationSet)),
            ValidateEverySteps = _options.ValidateEverySteps ?? Math.Max(1, _steps / 10),
            CheckpointFolder = _options.CheckpointFolder,
            CheckpointEverySteps = _options.CheckpointEverySteps,
            MicroBatchSize = _options.MicroBatchSize,
            Observer = Observer,
            Device = device,
            Ranks = Ranks,
        };
    }

    /// <summary>
    /// The steps that it was trained for; <see langword="null"/>: continuous time. Optimal variances are estimated from training images.
    /// </summary>
    private TimeGrid? Grid(DiffEncModel model, TrainingPlan plan)
    {
        var (settings, images) = (plan.Settings, plan.Images);
        if (settings.Depth is not { } depth)
            return null;
        var grid = TimeGrid.Uniform(depth, settings.VarianceWeight ?? 1);
        if (settings.Variance != StepVariance.Optimal)
            return grid;
        int count = Math.Min(images.Count, new FiniteDepthOptions().CalibrationImages);
        byte[][] some = [.. Enumerable.Range(0, count).Select(i => images[(int)((long)i * images.Count / count)].ToArray())];
        return new Calibration(model, some, draws: 1, settings.Seed) { CancellationToken = _options.CancellationToken }.WithOptimalVariance(grid);
    }

    /// <summary>The one asked for; without one, that of the training that is to go on; else a new one. With several ranks rank 0 decides.</summary>
    private int Seed()
    {
        int? asked = _options.Seed ?? HostSettings.Seed(_host);
        int seed = asked
            ?? (_options.CheckpointFolder is null ? null : CheckpointFolder.SeedIn(_options.CheckpointFolder))
            ?? Random.Shared.Next();
        int first = BitConverter.ToInt32(Ranks.Gather(BitConverter.GetBytes(seed))[0]);
        return asked ?? first;
    }

    /// <summary>Says of which data an error is.</summary>
    private static T InValidationSet<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new ArgumentOutOfRangeException($"In the option ValidationSet: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"In the option ValidationSet: {e.Message}", e);
        }
    }
}
