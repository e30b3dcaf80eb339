using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Persistence;

public class ModelFileTests
{
    private static (string Description, byte[] Weights) Write(DiffEncModel model)
    {
        var (description, weights) = (new MemoryStream(), new MemoryStream());
        ModelFile.WriteDescription(description, model);
        ModelFile.WriteWeights(weights, model);
        return (Encoding.UTF8.GetString(description.ToArray()), weights.ToArray());
    }

    private static DiffEncModel Read(string description, byte[] weights)
        => ModelFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(description)), new MemoryStream(weights));

    [Theory]
    [InlineData(EncoderKind.None, EncoderLayout.Plain)]
    [InlineData(EncoderKind.NonTrainable, EncoderLayout.Plain)]
    [InlineData(EncoderKind.Trainable, EncoderLayout.Plain)]
    [InlineData(EncoderKind.Trainable, EncoderLayout.MultiResolution)]
    public void A_model_comes_back_with_its_description_and_its_bits(EncoderKind encoder, EncoderLayout layout)
    {
        var description = Models.Describe(encoder, size: 16, channels: 3, layout) with { GammaMin = -11.5, GammaMax = 4 };
        using var model = Models.Create(description, dtype: float32);
        var (json, weights) = Write(model);
        using var copy = Read(json, weights);
        Assert.Equal(description, copy.Description);
        Assert.Equal(model.NamedParameters.Keys.Order(), copy.NamedParameters.Keys.Order());
        foreach (var (name, weight) in model.NamedParameters)
            Assert.Equal(weight.data<float>().ToArray(), copy.NamedParameters[name].data<float>().ToArray());
    }

    [Fact]
    public void A_model_with_classes_comes_back_with_them_and_one_without_does_not_mention_them()
    {
        var description = Models.Describe(EncoderKind.Trainable);
        using var model = Models.Create(description with { Classes = 3 }, dtype: float32);
        var (json, weights) = Write(model);
        Assert.Contains("\"classes\": 3", json, StringComparison.Ordinal);
        using var copy = Read(json, weights);
        Assert.Equal(3, copy.Classes);

        using var plain = Models.Create(description, dtype: float32);
        (json, weights) = Write(plain);
        Assert.DoesNotContain("classes", json, StringComparison.OrdinalIgnoreCase); // as files of before, which still load
        using var plainCopy = Read(json, weights);
        Assert.Equal(0, plainCopy.Classes);
    }

    [Theory]
    [InlineData(NoiseScheduleKind.FixedLinear)]
    [InlineData(NoiseScheduleKind.TrainedEndPoints)]
    [InlineData(NoiseScheduleKind.Polynomial)]
    [InlineData(NoiseScheduleKind.Monotone)]
    public void A_noise_schedule_comes_back_with_its_kind_and_its_levels(NoiseScheduleKind kind)
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(kind, bent: true, dtype: ScalarType.Float32);
        var (json, weights) = Write(model);
        Assert.Contains($"\"noiseSchedule\": \"{kind}\"", json, StringComparison.Ordinal);
        using var copy = Read(json, weights);
        Assert.Equal(kind, copy.Description.NoiseSchedule);
        var times = linspace(0, 1, 17, dtype: float64);
        Assert.Equal(model.Schedule.At(times).Gamma.data<double>().ToArray(), copy.Schedule.At(times).Gamma.data<double>().ToArray());
    }

    private static readonly Dictionary<string, (string From, string To, string Says)> Spoilt = new()
    {
        ["not json"] = ("{", "<", "not what this version writes"),
        ["another format"] = ("Microsoft.ML.DiffEnc model", "something", "'something'"),
        ["a newer version"] = ("\"version\": 1", "\"version\": 2, \"more\": true", "Install a newer version"),
        ["an unknown property"] = ("\"height\"", "\"depth\": 3, \"height\"", "depth"),
        ["an unknown encoder"] = ("\"Trainable\"", "\"Magic\"", "ncoder"),
        ["a missing property"] = ("\"channels\": 1,", "", "channels"),
        ["a size beyond all memory"] = ("\"height\": 8", "\"height\": 2000000000", "2000000000"),
        ["weights beyond all memory"] = ("\"blocks\": 1", "\"blocks\": 4096, \"width\": 4096", "billion"),
        ["classes that there cannot be"] = ("\"height\"", "\"classes\": 70000, \"height\"", "70000 classes"),
        ["classes without weights"] = ("\"height\"", "\"classes\": 2, \"height\"", "'denoiser.time_embedding.dense0.weight'"),
        ["groups that do not divide"] = ("\"blockGroups\": 8", "\"blockGroups\": 7", "7 norm groups"),
        ["a schedule that does not increase"] = (
            "\"noiseSchedule\": \"FixedLinear\",\n    \"gammaMin\": -13.3", "\"noiseSchedule\": \"Polynomial\", \"gammaMin\": 3", "does not increase"),
        ["a schedule whose weights are not there"] = ("\"FixedLinear\"", "\"TrainedEndPoints\"", "'schedule.w' [1] is missing"),
        ["other weights"] = ("\"blocks\": 1", "\"blocks\": 2", "'denoiser.down.1.conv1.bias' [16] is missing"),
    };

    public static TheoryData<string> SpoiltNames => [.. Spoilt.Keys];

    [Theory]
    [MemberData(nameof(SpoiltNames))]
    public void A_spoilt_description_is_refused_saying_what_is_wrong(string name)
    {
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable), dtype: float32);
        var (json, weights) = Write(model);
        var (from, to, says) = Spoilt[name];
        Assert.Contains(from, json, StringComparison.Ordinal);
        int at = json.IndexOf(from, StringComparison.Ordinal);
        var error = Assert.Throws<InvalidDataException>(() => Read(json[..at] + to + json[(at + from.Length)..], weights));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_are_not_numbers_are_refused_by_name()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        using (no_grad())
            model.NamedParameters["denoiser.conv_in.bias"][3] = float.NaN;
        var (json, weights) = Write(model);
        Assert.Contains("'denoiser.conv_in.bias' holds values that are not finite", Assert.Throws<InvalidDataException>(() => Read(json, weights)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_impossible_description_is_found_out_before_a_model_is_made()
    {
        var encoder = new NetworkSize(16, 6, 8, 8);
        var problem = ModelDescriptionCheck.Problem(Models.Describe(EncoderKind.Trainable) with { EncoderNetwork = encoder });
        Assert.Contains("halves 8×8 pixels 6 times", problem, StringComparison.Ordinal);
    }
}
