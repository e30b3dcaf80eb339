using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

public class OptionsTests
{
    private static readonly Dictionary<string, (Action<DiffEncTrainer.Options> Spoil, string[] Says)> Wrong = new()
    {
        ["width 0"] = (o => o.Width = 0, ["Width", "0", "1..4096"]),
        ["height 5000"] = (o => o.Height = 5000, ["Height", "5000", "1..4096"]),
        ["two channels"] = (o => o.Channels = 2, ["2 channels", "1 (grey) or 3"]),
        ["no column"] = (o => o.InputColumnName = " ", ["InputColumnName", "empty"]),
        ["odd size"] = (o => o.Width = 30, ["30×28", "multiples of 4", "32×28"]),
        ["unknown preset"] = (o => o.Preset = (DiffEncPreset)77, ["Preset is 77", "Tiny, Small"]),
        ["unknown encoder"] = (o => o.Encoder = (EncoderKind)9, ["Encoder", "Trainable, NonTrainable, None"]),
        ["noise prediction with encoder"] = (o => o.Parameterization = Parameterization.Epsilon, ["Epsilon", "V"]),
        ["gammas"] = (o => o.GammaMin = 6, ["GammaMin", "6", "below"]),
        ["huge gammas"] = (o => o.GammaMin = -90, ["GammaMin -90", "−80..80"]),
        ["unknown schedule"] = (o => o.NoiseSchedule = (NoiseScheduleKind)9, ["NoiseSchedule", "FixedLinear, TrainedEndPoints, Polynomial, Monotone"]),
        ["schedule that falls"] = (o => (o.NoiseSchedule, o.GammaMin) = (NoiseScheduleKind.Polynomial, 3), ["Polynomial", "GammaMin 3", "does not increase"]),
        ["odd width"] = (o => o.DenoiserWidth = 33, ["denoiser", "33", "even"]),
        ["no blocks"] = (o => o.EncoderBlocks = 0, ["0 blocks", "encoder"]),
        ["no steps"] = (o => o.Steps = 0, ["Steps", "at least 1"]),
        ["batch"] = (o => o.BatchSize = -1, ["BatchSize", "-1"]),
        ["rate"] = (o => o.LearningRate = double.NaN, ["LearningRate", "above 0"]),
        ["decay"] = (o => o.EmaDecay = 1, ["EmaDecay", "below 1"]),
        ["dropout"] = (o => o.Dropout = 1.5, ["Dropout", "1.5", "below 1"]),
        ["draws"] = (o => o.ScoringDraws = 0, ["ScoringDraws", "1..10000"]),
        ["times"] = (o => o.ScoringTimesPerDraw = 0, ["ScoringTimesPerDraw", "1..256"]),
        ["checkpoints"] = (o => o.CheckpointEverySteps = 0, ["CheckpointEverySteps", "at least 1"]),
        ["folder"] = (o => o.CheckpointFolder = "", ["CheckpointFolder", "empty"]),
        ["validation"] = (o => o.ValidateEverySteps = 0, ["ValidateEverySteps", "at least 1"]),
        ["weights"] = (o => o.DenoiserBlocks = o.DenoiserWidth = 4096, ["denoiser", "billion weights"]),
        ["warm-up"] = (o => o.WarmUpSteps = -1, ["WarmUpSteps", "at least 0"]),
        ["no depth"] = (o => o.Depth = 0, ["Depth", "1..100000"]),
        ["variance in continuous time"] = (o => o.Variance = StepVariance.Optimal, ["Variance", "Optimal", "Depth is null"]),
        ["fixed variance without its weight"] = (o => (o.Depth, o.Variance) = (10, StepVariance.Fixed), ["VarianceWeight", "not set"]),
        ["no label column"] = (o => o.LabelColumnName = "", ["LabelColumnName", "empty"]),
        ["head in steps"] = (o => (o.OdeHead, o.Depth) = (true, 10), ["OdeHead", "Depth"]),
        ["labels to leave out"] = (o => o.LabelDropout = 0.2, ["LabelDropout", "no labels", "LabelColumnName"]),
        ["label dropout"] = (o => (o.LabelColumnName, o.LabelDropout) = ("Label", 1), ["LabelDropout", "below 1"]),
        ["weight decay"] = (o => o.WeightDecay = -1, ["WeightDecay", "at least 0"]),
    };

    public static TheoryData<string> WrongNames => [.. Wrong.Keys];

    [Theory]
    [MemberData(nameof(WrongNames))]
    public void A_wrong_option_is_refused_by_name_before_anything_runs(string name)
    {
        var options = new DiffEncTrainer.Options { Width = 28, Height = 28, Channels = 1 };
        var (spoil, says) = Wrong[name];
        spoil(options);
        var error = Assert.ThrowsAny<ArgumentException>(() => new MLContext().Generative().DiffEnc(options));
        Assert.All(says, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }
}
