using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers;

namespace Microsoft.ML.DiffEnc;

public sealed partial class DiffEncTrainer
{
    /// <summary>
    /// What is trained, on which column, and how. Only <see cref="Width"/> and <see cref="Height"/> must be set; what is left
    /// <see langword="null"/> comes from the <see cref="Preset"/>.
    /// </summary>
    public class Options
    {
        private EncoderKind? _encoder;
        private EncoderLayout? _encoderLayout;

        /// <summary>The column of images: <c>MLImage</c>, or a fixed-size vector of <c>Single</c> or <c>Byte</c> values 0..255. Default
        /// <c>Image</c>.</summary>
        public string InputColumnName = "Image";

        /// <summary>
        /// The column of labels, a key with one value for each class (<c>MapValueToKey</c> makes one): the model learns p(x | class), for
        /// likelihoods and images of a class and for <see cref="GenerativeCatalog.BayesClassifier"/>. A missing label is an image without a class.
        /// Default: none.
        /// </summary>
        public string? LabelColumnName;

        /// <summary>
        /// Share of training images shown without their label, in [0, 1), so that the same model learns p(x) too: for scores without a class and
        /// for <see cref="GenerationOptions.Guidance"/>. Only with a <see cref="LabelColumnName"/>. Default 0.1.
        /// </summary>
        public double? LabelDropout;

        /// <summary>Width of the images in pixels, 1..4096. A trainable encoder halves it; it must be a multiple of 4 with two encoder
        /// blocks.</summary>
        public int Width;

        /// <summary>Height of the images in pixels, 1..4096. A trainable encoder halves it; it must be a multiple of 4 with two encoder
        /// blocks.</summary>
        public int Height;

        /// <summary>1 (grey) or 3 (red, green, blue). Default 3.</summary>
        public int Channels = 3;

        /// <summary>How a vector column is laid out; an image column ignores it. Default <see cref="PixelLayout.ChannelsFirst"/>, as
        /// <c>ExtractPixels</c> makes it.</summary>
        public PixelLayout PixelLayout;

        /// <summary>Sizes and settings that go together; fills what is not set here. Default: <see cref="DiffEncPreset.Small"/>.</summary>
        public DiffEncPreset? Preset;

        /// <summary>The encoder. Default: the preset's, <see cref="EncoderKind.Trainable"/> without one.</summary>
        public EncoderKind Encoder
        {
            get => _encoder ?? PresetValues.Encoder;
            set => _encoder = value;
        }

        /// <summary>How the encoder spends its blocks. Default: the preset's, <see cref="EncoderLayout.Plain"/> without one.</summary>
        public EncoderLayout EncoderLayout
        {
            get => _encoderLayout ?? PresetValues.EncoderLayout;
            set => _encoderLayout = value;
        }

        /// <summary>n, channels of the denoiser: even, 4..4096. Default: the preset's.</summary>
        public int? DenoiserWidth;

        /// <summary>L, ResNet blocks on the denoiser's way down: 1..4096. Default: the preset's.</summary>
        public int? DenoiserBlocks;

        /// <summary>Channels of the encoder's first level: even, 4..4096. Default: the preset's.</summary>
        public int? EncoderWidth;

        /// <summary>
        /// ResNet blocks on the encoder's way down: 1..4096. With <see cref="EncoderLayout.MultiResolution"/> every level has equally many, as in the authors'
        /// code: of a number that the levels do not divide, the rest is left out. Default: the preset's.
        /// </summary>
        public int? EncoderBlocks;

        /// <summary>
        /// Whether the denoiser gets a second, small head that makes the probability-flow ODE exact with a trained encoder: for likelihoods by
        /// <see cref="GenerativeCatalog.OdeLikelihood"/> and the samplers <see cref="SamplerKind.Ode"/> and <see cref="SamplerKind.Deterministic"/>.
        /// It is trained beside the bound and does not change it. <see cref="EncoderKind.Trainable"/> only; without an encoder and with the
        /// non-trainable one the ODE is exact as it is. In continuous time only. Default false.
        /// </summary>
        public bool OdeHead;

        /// <summary>What the denoiser predicts. <see cref="Parameterization.Epsilon"/> goes with <see cref="EncoderKind.None"/> only. Default
        /// <see cref="Parameterization.V"/>.</summary>
        public Parameterization Parameterization;

        /// <summary>
        /// How the noise grows with time: fixed, or learned with the model and saved with it. Default <see cref="NoiseScheduleKind.FixedLinear"/>,
        /// the paper's.
        /// </summary>
        public NoiseScheduleKind NoiseSchedule;

        /// <summary>γ at t = 0, −log of the largest signal-to-noise ratio; below <see cref="GammaMax"/>. Trained end points start here. Default
        /// −13.3.</summary>
        public float GammaMin = -13.3f;

        /// <summary>γ at t = 1. Trained end points start here. Default 5.</summary>
        public float GammaMax = 5f;

        /// <summary>
        /// T: the diffusion loss is that of a process in T steps, 1..100000, and so are the scores of the trained model. A finite depth costs no
        /// derivative of the encoder. Default <see langword="null"/>: infinite, continuous time.
        /// </summary>
        public int? Depth;

        /// <summary>
        /// σ_P², the variance of a step at finite <see cref="Depth"/>. With <see cref="StepVariance.Optimal"/> the loss of a step is (d/2) ln(1 + M),
        /// M being the mean over the images of a batch that have the same step; the trained model's variances are then estimated from up to 200
        /// training images. Default <see cref="StepVariance.Posterior"/>.
        /// </summary>
        public StepVariance Variance;

        /// <summary>w = σ_Q²/σ_P² of every step, above 0, with <see cref="StepVariance.Fixed"/> and only then. Default: none.</summary>
        public double? VarianceWeight;

        /// <summary>
        /// Optimiser steps, at least 1, counted from the beginning of the training: those done before its checkpoint was written are among them.
        /// Default: the preset's.
        /// </summary>
        public int? Steps;

        /// <summary>Images in a step, at least 1. Default: the preset's.</summary>
        public int? BatchSize;

        /// <summary>AdamW's learning rate after the warm-up, above 0. Default: the preset's (the paper's: 2·10⁻⁴).</summary>
        public double? LearningRate;

        /// <summary>Steps over which the learning rate rises linearly from 0, at least 0. Default: the preset's (the paper's: 100).</summary>
        public int? WarmUpSteps;

        /// <summary>AdamW's decay of all weights but biases, at least 0. Default 0.01.</summary>
        public double? WeightDecay;

        /// <summary>Decay of the moving average of the weights that scores and generates, in [0, 1). Default: the preset's (the paper's:
        /// 0.9999).</summary>
        public double? EmaDecay;

        /// <summary>
        /// Whether the moving average starts short and grows to <see cref="EmaDecay"/>, so that a short training is not averaged with its
        /// first steps. Default: the preset's; off in the paper's.
        /// </summary>
        public bool? EmaRamp;

        /// <summary>Share of activations dropped in training, in [0, 1). Default: the preset's (the paper's: 0.1).</summary>
        public double? Dropout;

        /// <summary>The arithmetic of the networks in training. Default <see cref="TrainingPrecision.Float32"/>.</summary>
        public TrainingPrecision Precision;

        /// <summary>
        /// The most images computed at a time, at least 1, for batches that do not fit into memory: the gradients of a batch's parts add up to those of
        /// the batch, and all draws stay the same. When memory runs out this happens by itself. Not with <see cref="StepVariance.Optimal"/>, whose loss
        /// is no sum over images. Default: the whole batch.
        /// </summary>
        public int? MicroBatchSize;

        /// <summary>
        /// The processes that train this model together, see <see cref="RankGroup.Mpi"/>; each is given the same options and data. The result is that of one
        /// process with the same <see cref="BatchSize"/>, which counts the images of all, up to the rounding of sums. Rank 0 reports progress, looks at
        /// the validation set and writes checkpoints. Not with <see cref="StepVariance.Optimal"/>. Default: this process alone.
        /// </summary>
        public RankGroup? Ranks;

        /// <summary>
        /// The numbers of the GPUs, at least one and each once, on which this process trains the model, a part of every batch on each; the trained model is on
        /// the first. They take the place of <c>MLContext.GpuDeviceId</c>; <c>FallbackToCpu</c> holds for them too. <see cref="BatchSize"/> counts the images
        /// of all. Not with <see cref="Ranks"/>, nor, from two on, with <see cref="StepVariance.Optimal"/>. Tested with several devices of the CPU, not yet on
        /// GPUs. Default: the MLContext's device.
        /// </summary>
        public int[]? GpuDeviceIds;

        /// <summary>K, independent sets of draws on which an image is scored, 1..10000. More sets, smaller standard error; with 1 there is none.
        /// Default 8.</summary>
        public int ScoringDraws = ScoringSettings.DefaultDraws;

        /// <summary>Low-discrepancy times in each of the <see cref="ScoringDraws"/> sets, 1..256; each costs one pass of the networks. Default
        /// 4.</summary>
        public int ScoringTimesPerDraw = ScoringSettings.DefaultTimesPerDraw;

        /// <summary>
        /// From up to how many of the training images, evenly spread, the model keeps features, by which
        /// <see cref="GenerativeCatalog.DetectAnomalies"/> later tells what it was not trained on: 0..65536. Features, no pictures: 66 numbers of an
        /// image (all of them where there are fewer than 1,024 images), saved with the model. 0: none are kept, and detectors know the images that they are fitted to alone. Default 4096.
        /// </summary>
        public int RememberedImages = NearestNeighbours.MostPoints;

        /// <summary>Seed of weights, order and noise. Default: the <see cref="MLContext"/>'s; without that a new one each time.</summary>
        public int? Seed;

        /// <summary>Seed of the draws on which images are scored; it is saved with the model. Default: the training's seed.</summary>
        public int? ScoringSeed;

        /// <summary>
        /// Images that are not trained on, with the same columns. The bound of up to 256 of them is reported: given their classes if there is a
        /// <see cref="LabelColumnName"/>, as the training's is. Default: none.
        /// </summary>
        public IDataView? ValidationSet;

        /// <summary>Steps between two looks at the <see cref="ValidationSet"/>, at least 1. Default: a tenth of all steps.</summary>
        public int? ValidateEverySteps;

        /// <summary>
        /// A folder for checkpoints. A training that finds its own checkpoint there goes on from it; on the CPU the result is, bit by bit, that of
        /// one uninterrupted. Default: none are written.
        /// </summary>
        public string? CheckpointFolder;

        /// <summary>Steps between two checkpoints, at least 1; there is always one at the end. Default 1000.</summary>
        public int CheckpointEverySteps = 1000;

        /// <summary>
        /// A trained model of exactly the described kind, whose weights the training starts from, with a new optimiser and its warm-up: to train
        /// further, or on other images. It is read by <c>Fit</c>, and neither changed nor disposed. Default: fresh weights.
        /// </summary>
        public DiffEncModel? InitialModel;

        /// <summary>
        /// A checkpoint of the authors' code (see <see cref="GenerativeCatalog.LoadReferenceCheckpoint"/>) whose training goes on here: with its
        /// weights, their average, the optimiser's moments and the step that it had reached, so that there is no second warm-up. Needs
        /// <see cref="ReferenceConfigPath"/>, which describes the model; options that say otherwise are refused. Without a <see cref="Preset"/>
        /// the settings of the training are the paper's. Set <see cref="Steps"/> above the checkpoint's. Default: none.
        /// </summary>
        public string? ReferenceCheckpointPath;

        /// <summary>The JSON configuration of the model in <see cref="ReferenceCheckpointPath"/>. Default: none.</summary>
        public string? ReferenceConfigPath;

        /// <summary>Told how the training goes, about four times a second, on the training's thread. Default: nobody.</summary>
        public IProgress<TrainingProgress>? Progress;

        /// <summary>Stops the training between two steps; with a <see cref="CheckpointFolder"/> the last step done is saved first.</summary>
        public CancellationToken CancellationToken;

        internal Options Copy() => (Options)MemberwiseClone();

        internal Trainers.PresetValues PresetValues => Trainers.PresetValues.Of(
            Preset ?? (ReferenceCheckpointPath is null ? Trainers.PresetValues.Default : Trainers.PresetValues.OfReference));

        /// <summary>Null where neither the user nor a preset that the user chose says which.</summary>
        internal EncoderKind? ChosenEncoder => _encoder ?? (Preset is null ? null : PresetValues.Encoder);

        /// <inheritdoc cref="ChosenEncoder"/>
        internal EncoderLayout? ChosenEncoderLayout => _encoderLayout ?? (Preset is null ? null : PresetValues.EncoderLayout);
    }
}
