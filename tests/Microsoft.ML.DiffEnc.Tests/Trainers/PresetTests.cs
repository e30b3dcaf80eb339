using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Trainers;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

public class PresetTests
{
    public static TheoryData<DiffEncPreset> All => [.. Enum.GetValues<DiffEncPreset>()];

    public static TheoryData<DiffEncPreset> WithTrainableEncoder
        => [.. Enum.GetValues<DiffEncPreset>().Where(preset => Describe(preset).Encoder == EncoderKind.Trainable)];

    private static ModelDescription Describe(DiffEncPreset preset, int classes = 0)
        => OptionsCheck.Describe(new DiffEncTrainer.Options { Width = 32, Height = 32, Channels = 3, Preset = preset }) with { Classes = classes };

    [Theory]
    [MemberData(nameof(All))]
    public void Output_changes_with_the_noise_level_and_with_the_class(DiffEncPreset preset)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = DiffEncModel.Create(Describe(preset, classes: 3), seed: 1);
        Models.Perturb(model, 0.02);
        using var generator = new Generator(3);
        var z = randn([1, 3, 32, 32], generator: generator).expand(4, -1, -1, -1).contiguous();
        var output = model.Denoise(z, tensor(new[] { -3f, 1f, -3f, -3f }), tensor(new[] { 0f, 0f, 1f, 3f }));
        double Gap(long i, long j) => ((output[i] - output[j]).abs().mean() / output.abs().mean()).item<float>();
        Assert.True(Gap(0, 1) > 1e-4, $"γ changes the output by {Gap(0, 1)} only.");
        Assert.True(Gap(0, 2) > 1e-4, $"The class changes the output by {Gap(0, 2)} only.");
        Assert.True(Gap(2, 3) > 1e-4, $"Another class changes the output by {Gap(2, 3)} only.");
    }

    [Fact]
    public void Without_classes_the_conditioning_is_a_number_as_in_the_authors_networks()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = DiffEncModel.Create(Describe(DiffEncPreset.Tiny), seed: 1);
        Models.Perturb(model, 0.02);
        using var generator = new Generator(3);
        var z = randn([1, 3, 32, 32], generator: generator).expand(3, -1, -1, -1).contiguous();
        var output = model.Denoise(z, tensor(new[] { -3f, -3f, -3f }), tensor(new[] { 0f, 1f, 2.5f }));
        Assert.All(new[] { (0, 1), (1, 2) }, pair => Assert.True((output[pair.Item1] - output[pair.Item2]).abs().mean().item<float>() > 1e-4));
    }

    [Theory]
    [MemberData(nameof(WithTrainableEncoder))]
    public void Encoding_changes_with_the_noise_level_and_with_the_class(DiffEncPreset preset)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        // The denoiser has no part in it; the preset's own would take the time.
        using var model = DiffEncModel.Create(Describe(preset, classes: 3) with { Denoiser = NetworkSize.Of(4, 1, 32) }, seed: 1);
        Models.Perturb(model, 0.02);
        var x = model.Scale(Models.Images(model, 1)).expand(4, -1, -1, -1).contiguous();
        static double Gap(Tensor y, long i, long j) => ((y[i] - y[j]).abs().mean() / y.abs().mean()).item<float>();

        var y = model.EncoderOutput(x, tensor(new[] { -3.0, 1.0, 1.0, 1.0 }), tensor(new[] { 0f, 0f, 0f, 2f })).Value;
        Assert.True(Gap(y, 0, 1) > 1e-4, $"γ changes the output by {Gap(y, 0, 1)} only.");
        Assert.True(Gap(y, 1, 2) < 1e-5, $"The same γ changes the output by {Gap(y, 1, 2)}.");
        Assert.True(Gap(y, 1, 3) > 1e-4, $"The class changes the output by {Gap(y, 1, 3)} only.");

        // At t = 1 next to nothing of the image itself is left in its encoding: x_1 = α_1² x + σ_1² y.
        var x1 = model.Bounds.EndPoints(x, conditioning: tensor(new[] { 0f, 0f, 1f, 3f })).X1;
        Assert.True(Gap(x1, 0, 2) > 1e-4, $"The class changes the encoding by {Gap(x1, 0, 2)} only.");
        Assert.True(Gap(x1, 2, 3) > 1e-4, $"Another class changes the encoding by {Gap(x1, 2, 3)} only.");
        Assert.True(Gap(x1, 0, 1) < 1e-5, $"The same class changes the encoding by {Gap(x1, 0, 1)}.");
    }

    [Theory]
    [InlineData(DiffEncPreset.Vdm8, EncoderKind.None, EncoderLayout.Plain, 128, 8, 0, 0, 128)]
    [InlineData(DiffEncPreset.DiffEnc8NonTrainable, EncoderKind.NonTrainable, EncoderLayout.Plain, 128, 8, 0, 0, 128)]
    [InlineData(DiffEncPreset.DiffEnc8_2, EncoderKind.Trainable, EncoderLayout.Plain, 128, 8, 64, 2, 128)]
    [InlineData(DiffEncPreset.Vdm32, EncoderKind.None, EncoderLayout.Plain, 128, 32, 0, 0, 128)]
    [InlineData(DiffEncPreset.DiffEnc32_2, EncoderKind.Trainable, EncoderLayout.Plain, 128, 32, 64, 2, 128)]
    [InlineData(DiffEncPreset.DiffEnc32_4, EncoderKind.Trainable, EncoderLayout.MultiResolution, 128, 32, 64, 4, 128)]
    [InlineData(DiffEncPreset.Vdm32ImageNet, EncoderKind.None, EncoderLayout.Plain, 256, 32, 0, 0, 256)]
    [InlineData(DiffEncPreset.DiffEnc32_8ImageNet, EncoderKind.Trainable, EncoderLayout.MultiResolution, 256, 32, 64, 8, 256)]
    public void Presets_of_the_paper_have_its_hyper_parameters(
        DiffEncPreset preset, EncoderKind encoder, EncoderLayout layout, int width, int blocks, int encoderWidth, int encoderBlocks, int batch)
    {
        var options = new DiffEncTrainer.Options { Width = 32, Height = 32, Preset = preset };
        var description = OptionsCheck.Describe(options);
        Assert.Equal((encoder, layout), (description.Encoder, description.EncoderLayout));
        Assert.Equal((width, blocks, 32, 32), (description.Denoiser.Width, description.Denoiser.Blocks, description.Denoiser.OutputGroups, description.Denoiser.BlockGroups));
        if (encoder == EncoderKind.Trainable)
        {
            var size = description.EncoderNetwork!;
            Assert.Equal((encoderWidth, encoderBlocks, 16, 32), (size.Width, size.Blocks, size.OutputGroups, size.BlockGroups));
        }
        Assert.Equal((-13.3, 5.0), (description.GammaMin, description.GammaMax));
        var settings = OptionsCheck.Settings(options, 0);
        Assert.Equal((batch, 2e-4, 0.01, 100), (settings.BatchSize, settings.LearningRate, settings.WeightDecay, settings.WarmUpSteps));
        Assert.Equal((0.9999, false, 0.1), (settings.EmaDecay, settings.EmaRamp, settings.Dropout));
    }

    [Fact]
    public void What_is_set_wins_over_the_preset()
    {
        var options = new DiffEncTrainer.Options
        {
            Width = 32,
            Height = 32,
            Preset = DiffEncPreset.Vdm8,
            Encoder = EncoderKind.Trainable,
            DenoiserWidth = 16,
            EncoderWidth = 8,
            LearningRate = 1e-3,
        };
        var description = OptionsCheck.Describe(options);
        Assert.Equal((EncoderKind.Trainable, 16, 8, 8), (description.Encoder, description.Denoiser.Width, description.Denoiser.Blocks, description.EncoderNetwork!.Width));
        Assert.Equal(1e-3, OptionsCheck.Settings(options, 0).LearningRate);
    }

    [Fact]
    public void Labels_are_left_out_by_default_only_where_there_are_any()
    {
        var options = new DiffEncTrainer.Options { Width = 32, Height = 32 };
        Assert.Equal(0, OptionsCheck.Settings(options, 0).LabelDropout);
        options.LabelColumnName = "Label";
        Assert.Equal(0.1, OptionsCheck.Settings(options, 0).LabelDropout);
    }
}
