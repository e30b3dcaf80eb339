using System.Text.Json;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>
/// Reads the model configurations of the authors' code (<c>config_model_….json</c>). Whatever would change the model in a way that ours
/// does not know is refused by its key; keys without influence on a trained model (initialisation, dropout) are passed over.
/// </summary>
internal static class ReferenceConfig
{
    private const int PixelValues = 256;

    // The authors' blocks have 32 groups whatever the configuration says; it names only those before the last convolution and of a
    // plain encoder's middle.
    private const int BlockGroups = 32;

    private const int MaximumFileSize = 1 << 20;

    /// <param name="path">The JSON file.</param>
    /// <param name="width">Width of the images, which the configuration does not say.</param>
    /// <param name="height">Height of the images.</param>
    /// <param name="channels">Channels of the images, which the checkpoint knows.</param>
    /// <exception cref="InvalidDataException">The file is not JSON, lacks a key, or a value is of the wrong kind or out of range.</exception>
    /// <exception cref="NotSupportedException">The configuration asks for something that this library does not have.</exception>
    public static ModelDescription Read(string path, int width, int height, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        FileInfo file = new(path);
        if (file.Length > MaximumFileSize)
            throw new InvalidDataException($"'{path}' has {file.Length} bytes; a model configuration has a few thousand.");
        try
        {
            JsonDocumentOptions strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), strict);
            return Read(new ConfigSection(path, "", document.RootElement), width, height, channels);
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"'{path}' is not a JSON configuration: {malformed.Message}", malformed);
        }
    }

    private static ModelDescription Read(ConfigSection root, int width, int height, int channels)
    {
        (Parameterization parameterization, EncoderKind kind) = ReadModelType(root);
        root.Only("vocab_size", "256", $"pixels have {PixelValues} values");
        NoiseScheduleKind schedule = ReadSchedule(root);
        root.Only("no_recon_loss", "false", "the reconstruction loss is part of the bound");
        root.Only("loss_parameterisation", "eps_hat", "the authors' code has no other");
        root.Ignore("sample_softmax", "n_timesteps", "antithetic_time_sampling");
        double gammaMin = root.Number("gamma_min"), gammaMax = root.Number("gamma_max");
        if (gammaMin >= gammaMax)
            throw root.Malformed($"'gamma_min' ({gammaMin}) is not below 'gamma_max' ({gammaMax})");
        if (schedule == NoiseScheduleKind.Polynomial && !PolynomialSchedule.Increases(gammaMin, gammaMax))
            throw root.Malformed($"'gamma_type' poly10 does not increase between 'gamma_min' ({gammaMin}) and 'gamma_max' ({gammaMax})");

        NetworkSize denoiser = ReadDenoiser(root.Section("score_model_config"));
        ConfigSection encoderSection = root.Section("encoder_config");
        NetworkSize? encoder = null;
        EncoderLayout layout = default;
        if (kind == EncoderKind.Trainable)
            (encoder, layout) = ReadEncoder(encoderSection, width, height);
        else
            encoderSection.Only("enc_type", kind == EncoderKind.None ? "simple" : "nt", $"what ddpm_type '{root.Text("ddpm_type")}' goes with");
        root.RequireAllRead();

        return new ModelDescription
        {
            Width = width,
            Height = height,
            Channels = channels,
            Parameterization = parameterization,
            Encoder = kind,
            EncoderLayout = layout,
            Denoiser = denoiser,
            EncoderNetwork = encoder,
            NoiseSchedule = schedule,
            GammaMin = gammaMin,
            GammaMax = gammaMax,
        };
    }

    private static (Parameterization, EncoderKind) ReadModelType(ConfigSection root)
    {
        string type = root.Text("ddpm_type");
        return type switch
        {
            "VDM2_V" => (Parameterization.V, EncoderKind.None),
            "VDM2" => (Parameterization.Epsilon, EncoderKind.None),
            "S4V_NT" => (Parameterization.V, EncoderKind.NonTrainable),
            "S3VA" => (Parameterization.V, EncoderKind.Trainable),
            _ => throw root.Unsupported("ddpm_type", $"\"{type}\"", "supported are VDM2, VDM2_V, S4V_NT and S3VA"),
        };
    }

    private static NoiseScheduleKind ReadSchedule(ConfigSection root)
    {
        string type = root.Text("gamma_type");
        return type switch
        {
            "fixed" => NoiseScheduleKind.FixedLinear,
            "train_scalar" => NoiseScheduleKind.TrainedEndPoints,
            "poly10" => NoiseScheduleKind.Polynomial,
            _ => throw root.Unsupported("gamma_type", $"\"{type}\"", "supported are fixed, train_scalar and poly10"),
        };
    }

    private static NetworkSize ReadDenoiser(ConfigSection section)
    {
        section.Only("m_type", "unet", "the denoiser of variational diffusion models, without down-sampling");
        section.Only("with_fourier_features", "true", "the denoiser sees Fourier features of its input");
        section.Only("with_attention", "false", "attention stands in the middle only");
        section.Ignore("down_conv", "pooling", "channel_scaling"); // the authors' denoiser never reads them
        return ReadSize(section);
    }

    private static (NetworkSize Size, EncoderLayout Layout) ReadEncoder(ConfigSection section, int width, int height)
    {
        section.Only("enc_type", "trainable", "what ddpm_type 'S3VA' goes with");
        section.Only("vocab_size", "256", $"pixels have {PixelValues} values");
        section.Only("m1_to_1", "true", "the encoder's output goes through tanh");
        section.Only("id_at_zero", "false", "the encoding at time 0 is not tied to the image");
        section.Only("k", "1", "the encoder's output is not scaled", optional: true);
        section.Only("init_var", "0", "the variance of the encoder's output is not bounded", optional: true);
        section.Only("min_var", "0", "the variance of the encoder's output is not bounded", optional: true);
        foreach (string key in (ReadOnlySpan<string>)["use_x_var", "gamma_reg", "end_reg", "end_half_reg"])
            section.Only(key, "false", "the encoder's output is used as it is", optional: true);

        ConfigSection network = section.Section("nn_config");
        section.RequireAllRead();
        string type = network.Text("m_type");
        EncoderLayout layout = type switch
        {
            "unet" => EncoderLayout.Plain,
            "unet_mult_res" => EncoderLayout.MultiResolution,
            _ => throw network.Unsupported("m_type", $"\"{type}\"", "supported are unet and unet_mult_res"),
        };
        network.Only("with_attention", "false", "attention stands in the middle only");
        network.Only("down_conv", "false", "levels are halved by max-pooling");
        network.Only("pooling", "true", "levels are halved by max-pooling");
        network.Only("channel_scaling", "double", "each level has twice the channels of the one before");
        network.Ignore("with_fourier_features"); // the authors' encoder has no Fourier features whatever it says here
        NetworkSize size = ReadSize(network);

        int levels = EncoderLevels.Of(layout, size.Blocks, height).Levels;
        if (levels > 30 || width % (1 << levels) != 0 || height % (1 << levels) != 0)
        {
            throw network.Malformed(
                $"'{network.FullName("n_layer")}' is {size.Blocks}, so the encoder halves its images {levels} times, "
                + $"which images of {width}×{height} pixels do not allow");
        }
        return (size, layout);
    }

    private static NetworkSize ReadSize(ConfigSection section)
    {
        int n = section.Integer("n_embd", BlockGroups, 1 << 16);
        int groups = section.Integer("num_groups_groupnorm", 1, n);
        if (n % BlockGroups != 0)
            throw section.Malformed($"'{section.FullName("n_embd")}' is {n}, expected a multiple of {BlockGroups}, the groups of the blocks' normalisation");
        if (n % groups != 0)
            throw section.Malformed($"'{section.FullName("num_groups_groupnorm")}' is {groups}, which does not divide n_embd, {n}");
        int blocks = section.Integer("n_layer", 1, 1024);
        section.Only("kernel_init", "", "the authors' default", optional: true);
        section.Ignore("p_dropout", "non_id_init");
        section.RequireAllRead();
        return new NetworkSize(n, blocks, groups, BlockGroups);
    }
}
