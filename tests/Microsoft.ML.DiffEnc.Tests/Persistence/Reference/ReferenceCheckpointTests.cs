using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Persistence.Reference;

/// <summary>Checkpoints written here in Flax's form from models of ours, sound and spoilt.</summary>
public sealed class ReferenceCheckpointTests : IDisposable
{
    private const string Kernel = "score_model/VDMUNet_0/down.block_0/conv1/kernel";
    private readonly string _checkpoint = System.IO.Path.GetTempFileName(), _config = System.IO.Path.GetTempFileName();

    [Theory]
    [InlineData("VDM2_V", "unet", 1, 16, 16)]
    [InlineData("S3VA", "unet", 3, 16, 12)]
    [InlineData("S3VA", "unet_mult_res", 1, 32, 32)]
    [InlineData("S3VA", "unet_mult_res", 3, 64, 64)]
    public void Every_parameter_comes_back_with_its_values(string type, string encoder, int channels, int width, int height)
    {
        using DiffEncModel model = Write(type, width, height, channels, config =>
        {
            if (type != "S3VA")
                return;
            ReferenceConfigs.Set(config, "encoder_config.nn_config.m_type", encoder);
            if (encoder == "unet_mult_res")
                ReferenceConfigs.Set(config, "encoder_config.nn_config.n_layer", 4);
        });
        using DiffEncModel loaded = ReferenceCheckpoint.Load(_checkpoint, _config, width, height);

        Assert.Equal(model.Description, loaded.Description);
        IReadOnlyDictionary<string, Tensor> expected = model.NamedParameters, actual = loaded.NamedParameters;
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, Tensor parameter) in expected)
            Assert.True(parameter.equal(actual[name]).all().item<bool>(), name);
    }

    [Theory]
    [InlineData("VDM2_V", 15.5f, -11.25f)]
    [InlineData("VDM2", -15.5f, -11.25f)] // w counts by its absolute value
    [InlineData("S4V_NT", -20f, -14f)]
    public void Trained_end_points_are_b_plus_absolute_w_times_t(string type, float w, float b)
    {
        Write(type, configure: config => ReferenceConfigs.Set(config, "gamma_type", "train_scalar"), alter: weights =>
        {
            weights[Path("gamma/w")] = FlaxDocument.Floats([1], w);
            weights[Path("gamma/b")] = FlaxDocument.Floats([1], b);
        }).Dispose();
        using var scope = NewDisposeScope();
        using DiffEncModel loaded = ReferenceCheckpoint.Load(_checkpoint, _config, 8, 8);
        loaded.To(float64);
        Tensor t = linspace(0, 1, 9, dtype: float64);
        Assert.True(allclose(b + Math.Abs(w) * t, loaded.Gamma(t), rtol: 0, atol: 1e-13));
        Assert.Equal((-13.3, 5.0), (loaded.Description.GammaMin, loaded.Description.GammaMax)); // these go on to scale the networks' time
    }

    [Fact]
    public void Trained_end_points_that_are_not_in_the_checkpoint_are_missed()
    {
        Write("VDM2_V", configure: config => ReferenceConfigs.Set(config, "gamma_type", "train_scalar"), alter: weights => weights.Remove(Path("gamma/w"))).Dispose();
        Assert.Contains("'gamma/w' is missing, expected [1]", Refusal(8, 8), StringComparison.Ordinal);
    }

    [Fact]
    public void Float64_weights_are_rounded_to_the_model_s_type()
    {
        using DiffEncModel model = Write("VDM2_V", alter: weights =>
        {
            foreach ((FlaxPath path, FlaxDocument.Array array) in weights.ToArray())
            {
                double[] values = [.. MemoryMarshal.Cast<byte, float>(array.Data).ToArray().Select(value => (double)value)];
                weights[path] = array with { DataType = "float64", Data = MemoryMarshal.AsBytes<double>(values).ToArray() };
            }
        });
        using DiffEncModel loaded = ReferenceCheckpoint.Load(_checkpoint, _config, 8, 8);
        Assert.All(model.NamedParameters, pair => Assert.True(pair.Value.equal(loaded.NamedParameters[pair.Key]).all().item<bool>()));
    }

    [Fact]
    public void Multi_resolution_encoders_number_the_blocks_of_a_level()
    {
        Write("S3VA", 32, 32, 3, config =>
        {
            ReferenceConfigs.Set(config, "encoder_config.nn_config.m_type", "unet_mult_res");
            ReferenceConfigs.Set(config, "encoder_config.nn_config.n_layer", 4);
        }).Dispose();
        string[] paths = [.. ReferenceParameterMap.Of(ReferenceConfig.Read(_config, 32, 32, 3)).Select(parameter => parameter.Path.ToString())];
        Assert.Contains("encdec/inner_encoder/enc_model/down_blocks_1/down_1_resnet_block0/nin_shortcut/kernel", paths);
        Assert.Contains("encdec/inner_encoder/enc_model/up_blocks_0/up_1_resnet_block1/conv2/bias", paths);
        Assert.DoesNotContain("encdec/inner_encoder/enc_model/up_blocks_0/up_1_resnet_block1/nin_shortcut/kernel", paths);
    }

    [Fact]
    public void All_that_does_not_fit_is_named_together()
    {
        FlaxDocument.Array small = FlaxDocument.Floats([1], 1);
        string message = RequireRefused(weights =>
        {
            weights.Remove(Path("score_model/conv_in/bias"));
            weights[Path("score_model/conv_extra/bias")] = small;
            weights[Path(Kernel)] = small;
            weights[Path("score_model/GroupNorm_0/scale")] = new FlaxDocument.Array("float16", [32], new byte[64]);
        });
        Assert.Contains("'score_model/conv_in/bias' is missing, expected [32]", message, StringComparison.Ordinal);
        Assert.Contains("'score_model/conv_extra/bias' (float32 [1]) belongs to nothing", message, StringComparison.Ordinal);
        Assert.Contains($"'{Kernel}' has shape [1], expected [3, 3, 32, 32]", message, StringComparison.Ordinal);
        Assert.Contains("'score_model/GroupNorm_0/scale' is float16 [32], expected float32 or float64", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transposed_kernel_is_refused_though_it_has_the_right_number_of_elements() =>
        Assert.Contains("has shape [32, 32, 3, 3], expected [3, 3, 32, 32]", RequireRefused(weights =>
            weights[Path(Kernel)] = weights[Path(Kernel)] with { Shape = [32, 32, 3, 3] }), StringComparison.Ordinal);

    [Fact]
    public void More_than_ten_misfits_are_counted()
    {
        int removed = 0;
        string message = RequireRefused(weights =>
        {
            foreach (FlaxPath path in weights.Keys.Where(path => path.ToString().Contains("VDMUNet_0/mid.", StringComparison.Ordinal)).ToArray())
                removed += weights.Remove(path) ? 1 : 0;
        });
        Assert.Equal(10, message.Split(" is missing").Length - 1);
        Assert.Contains($"… and {removed - 10} more", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_contains_the_joined_path_is_not_taken_for_the_path() =>
        Assert.Contains("is missing", RequireRefused(weights =>
        {
            FlaxDocument.Array kernel = weights[Path(Kernel)];
            weights.Remove(Path(Kernel));
            weights[new FlaxPath("score_model", "VDMUNet_0", "down.block_0/conv1/kernel")] = kernel;
        }), StringComparison.Ordinal);

    [Fact]
    public void Weights_that_are_not_finite_are_refused() =>
        Assert.Contains($"'{Kernel}' has values that are NaN or infinite", RequireRefused(weights =>
        {
            byte[] data = [.. weights[Path(Kernel)].Data];
            BitConverter.TryWriteBytes(data.AsSpan(40), float.NaN);
            weights[Path(Kernel)] = weights[Path(Kernel)] with { Data = data };
        }), StringComparison.Ordinal);

    [Fact]
    public void An_encoder_s_weights_are_refused_where_the_configuration_has_none()
    {
        Write("S3VA", 16, 16).Dispose();
        File.WriteAllText(_config, ReferenceConfigs.Of("S4V_NT").ToJsonString());
        Assert.Contains("'encdec/inner_encoder/GroupNorm_0/bias' (float32 [32]) belongs to nothing", Refusal(16, 16), StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_of_a_huge_model_is_refused_for_its_missing_weights_without_building_it()
    {
        Write("VDM2_V").Dispose();
        JsonObject config = ReferenceConfigs.Of("VDM2_V");
        ReferenceConfigs.Set(config, "score_model_config.n_embd", 1024);
        ReferenceConfigs.Set(config, "score_model_config.n_layer", 32);
        File.WriteAllText(_config, config.ToJsonString());
        Assert.Contains("has shape [32], expected [1024]", Refusal(8, 8), StringComparison.Ordinal);

        ReferenceConfigs.Set(config, "score_model_config.n_layer", 1024);
        File.WriteAllText(_config, config.ToJsonString());
        Assert.Contains("billion weights", Refusal(8, 8), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_averaged_weights_is_refused_with_what_it_has()
    {
        File.WriteAllBytes(_checkpoint, FlaxDocument.Write(new Dictionary<string, object?> { ["model"] = new Dictionary<string, object?>() }));
        string message = Refusal(8, 8);
        Assert.Contains("no 'ema_params'", message, StringComparison.Ordinal);
        Assert.Contains("'model'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_whose_channels_cannot_be_told_is_refused() =>
        Assert.Contains(
            "'score_model/conv_out/bias'", RequireRefused(weights => weights.Remove(Path("score_model/conv_out/bias"))), StringComparison.Ordinal);

    [Fact]
    public void A_damaged_file_is_refused_by_its_name()
    {
        Write("VDM2_V").Dispose();
        File.WriteAllBytes(_checkpoint, File.ReadAllBytes(_checkpoint)[..5000]);
        Assert.Contains(_checkpoint, Refusal(8, 8), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        File.Delete(_checkpoint);
        File.Delete(_config);
    }

    private static FlaxPath Path(string joined) => new(joined.Split('/'));

    private string RequireRefused(Action<Dictionary<FlaxPath, FlaxDocument.Array>> alter)
    {
        Write("VDM2_V", alter: alter).Dispose();
        return Refusal(8, 8);
    }

    private string Refusal(int width, int height)
    {
        string message = Assert.Throws<InvalidDataException>(() => ReferenceCheckpoint.Load(_checkpoint, _config, width, height)).Message;
        Assert.Contains(_checkpoint, message, StringComparison.Ordinal);
        return message;
    }

    /// <summary>Writes a configuration and a checkpoint of a model of its kind, and returns the model.</summary>
    private DiffEncModel Write(string type, int width = 8, int height = 8, int channels = 1,
        Action<JsonObject>? configure = null, Action<Dictionary<FlaxPath, FlaxDocument.Array>>? alter = null)
        => ReferenceFiles.Write(_checkpoint, _config, type, width, height, channels, configure, alter);
}
