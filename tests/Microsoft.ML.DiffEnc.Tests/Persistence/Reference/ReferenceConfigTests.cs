using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Persistence.Reference;

public sealed class ReferenceConfigTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Theory]
    [InlineData("VDM2_V", Parameterization.V, EncoderKind.None)]
    [InlineData("VDM2", Parameterization.Epsilon, EncoderKind.None)]
    [InlineData("S4V_NT", Parameterization.V, EncoderKind.NonTrainable)]
    [InlineData("S3VA", Parameterization.V, EncoderKind.Trainable)]
    public void Each_of_the_authors_models_is_described(string type, Parameterization parameterization, EncoderKind encoder)
    {
        ModelDescription description = Read(ReferenceConfigs.Of(type), width: 32, height: 24, channels: 3);

        Assert.Equal((32, 24, 3), (description.Width, description.Height, description.Channels));
        Assert.Equal((parameterization, encoder), (description.Parameterization, description.Encoder));
        Assert.Equal(new NetworkSize(32, 1, 32, 32), description.Denoiser);
        Assert.Equal(encoder == EncoderKind.Trainable ? new NetworkSize(32, 2, 16, 32) : null, description.EncoderNetwork);
        Assert.Equal((NoiseScheduleKind.FixedLinear, -13.3, 5.0), (description.NoiseSchedule, description.GammaMin, description.GammaMax));
    }

    [Fact]
    public void The_multi_resolution_encoder_is_told_from_the_plain_one()
    {
        JsonObject config = ReferenceConfigs.Of("S3VA");
        Assert.Equal(EncoderLayout.Plain, Read(config).EncoderLayout);
        ReferenceConfigs.Set(config, "encoder_config.nn_config.m_type", "unet_mult_res");
        Assert.Equal(EncoderLayout.MultiResolution, Read(config).EncoderLayout);
    }

    [Theory]
    [InlineData("fixed", NoiseScheduleKind.FixedLinear)]
    [InlineData("train_scalar", NoiseScheduleKind.TrainedEndPoints)]
    [InlineData("poly10", NoiseScheduleKind.Polynomial)]
    public void Each_of_the_authors_noise_schedules_is_known(string type, NoiseScheduleKind expected)
    {
        JsonObject config = ReferenceConfigs.Of("VDM2_V");
        ReferenceConfigs.Set(config, "gamma_type", type);
        Assert.Equal(expected, Read(config).NoiseSchedule);
    }

    [Fact]
    public void A_polynomial_that_does_not_increase_is_refused()
    {
        JsonObject config = ReferenceConfigs.Of("VDM2_V");
        ReferenceConfigs.Set(config, "gamma_type", "poly10");
        ReferenceConfigs.Set(config, "gamma_min", 3);
        Assert.Contains("poly10", Assert.Throws<InvalidDataException>(() => Read(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("encoder_config.k")]
    [InlineData("encoder_config.end_reg")]
    [InlineData("encoder_config.end_half_reg")]
    [InlineData("score_model_config.kernel_init")]
    public void A_key_with_a_default_may_be_left_out(string key)
    {
        JsonObject config = ReferenceConfigs.Of("S3VA");
        ReferenceConfigs.Set(config, key, remove: true);
        Assert.Equal(EncoderKind.Trainable, Read(config).Encoder);
    }

    [Theory]
    [InlineData("ddpm_type", "\"S5\"")]
    [InlineData("vocab_size", "128")]
    [InlineData("gamma_type", "\"learnable_nnet\"")]
    [InlineData("no_recon_loss", "true")]
    [InlineData("loss_parameterisation", "\"x_hat\"")]
    [InlineData("score_model_config.m_type", "\"unet_alt\"")]
    [InlineData("score_model_config.with_fourier_features", "false")]
    [InlineData("score_model_config.with_attention", "true")]
    [InlineData("score_model_config.kernel_init", "\"normal\"")]
    [InlineData("encoder_config.enc_type", "\"simple\"")]
    [InlineData("encoder_config.m1_to_1", "false")]
    [InlineData("encoder_config.id_at_zero", "true")]
    [InlineData("encoder_config.k", "2.0")]
    [InlineData("encoder_config.init_var", "0.5")]
    [InlineData("encoder_config.min_var", "0.5")]
    [InlineData("encoder_config.use_x_var", "true")]
    [InlineData("encoder_config.gamma_reg", "true")]
    [InlineData("encoder_config.end_reg", "true")]
    [InlineData("encoder_config.end_half_reg", "true")]
    [InlineData("encoder_config.nn_config.m_type", "\"vdm_unet\"")]
    [InlineData("encoder_config.nn_config.with_attention", "true")]
    [InlineData("encoder_config.nn_config.pooling", "false")]
    [InlineData("encoder_config.nn_config.down_conv", "true")]
    [InlineData("encoder_config.nn_config.channel_scaling", "\"same\"")]
    [InlineData("encoder_config.nn_config.kernel_init", "\"normal\"")]
    [InlineData("encoder_config.nn_config.heads", "4")]
    [InlineData("temperature", "1")]
    public void What_our_models_do_not_have_is_refused_by_its_key(string key, string value) =>
        Assert.Contains($"'{key}'", RequireRefused<NotSupportedException>(key, value), StringComparison.Ordinal);

    [Theory]
    [InlineData("ddpm_type", "3")]
    [InlineData("gamma_min", "\"low\"")]
    [InlineData("gamma_min", "6.0")]
    [InlineData("score_model_config", "null")]
    [InlineData("score_model_config.n_embd", "64.5")]
    [InlineData("score_model_config.n_embd", "48")]
    [InlineData("score_model_config.n_embd", "2147483647")]
    [InlineData("score_model_config.n_embd", "99999999999")]
    [InlineData("score_model_config.n_layer", "0")]
    [InlineData("score_model_config.n_layer", "1000000")]
    [InlineData("score_model_config.num_groups_groupnorm", "5")]
    [InlineData("encoder_config.nn_config", "null")]
    [InlineData("encoder_config.nn_config.n_layer", "6")]
    [InlineData("encoder_config.nn_config.n_layer", "1000")]
    public void A_value_that_makes_no_model_is_refused_by_its_key(string key, string value) =>
        Assert.Contains(key.Split('.')[^1], RequireRefused<InvalidDataException>(key, value), StringComparison.Ordinal);

    [Theory]
    [InlineData("ddpm_type")]
    [InlineData("gamma_max")]
    [InlineData("score_model_config")]
    [InlineData("score_model_config.n_embd")]
    [InlineData("encoder_config.enc_type")]
    [InlineData("encoder_config.nn_config.m_type")]
    public void A_missing_key_is_named(string key)
    {
        JsonObject config = ReferenceConfigs.Of("S3VA");
        ReferenceConfigs.Set(config, key, remove: true);
        Assert.Contains($"'{key}' is missing", Assert.Throws<InvalidDataException>(() => Read(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{\"ddpm_type\": \"VDM2\", \"ddpm_type\": \"S3VA\"}")]
    public void A_file_that_is_no_configuration_is_refused_by_its_name(string content)
    {
        File.WriteAllText(_path, content);
        Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => ReferenceConfig.Read(_path, 32, 32, 1)).Message, StringComparison.Ordinal);
    }

    [SharedDataFact]
    public void The_reference_s_own_files_are_read()
    {
        foreach (string file in Directory.GetFiles(SharedData.Path("fixtures", "configs"), "*.json"))
            Assert.Equal(5, ReferenceConfig.Read(file, 28, 28, 1).GammaMax);
    }

    public void Dispose() => File.Delete(_path);

    private ModelDescription Read(JsonObject config, int width = 32, int height = 32, int channels = 1)
    {
        File.WriteAllText(_path, config.ToJsonString());
        return ReferenceConfig.Read(_path, width, height, channels);
    }

    private string RequireRefused<T>(string key, string value) where T : Exception
    {
        JsonObject config = ReferenceConfigs.Of("S3VA");
        ReferenceConfigs.Set(config, key, JsonNode.Parse(value));
        string message = Assert.Throws<T>(() => Read(config)).Message;
        Assert.Contains(_path, message, StringComparison.Ordinal);
        return message;
    }
}
