using System.Text.Json.Nodes;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Configurations as the authors write them, for the smallest models that their code can build.</summary>
internal static class ReferenceConfigs
{
    public static JsonObject Of(string type) => new()
    {
        ["ddpm_type"] = type,
        ["vocab_size"] = 256,
        ["sample_softmax"] = false,
        ["n_timesteps"] = 0,
        ["antithetic_time_sampling"] = true,
        ["loss_parameterisation"] = "eps_hat",
        ["no_recon_loss"] = false,
        ["gamma_type"] = "fixed",
        ["gamma_min"] = -13.3,
        ["gamma_max"] = 5.0,
        ["score_model_config"] = Network(blocks: 1, groups: 32, pooling: false),
        ["encoder_config"] = new JsonObject
        {
            ["enc_type"] = type switch { "S3VA" => "trainable", "S4V_NT" => "nt", _ => "simple" },
            ["vocab_size"] = 256,
            ["nn_config"] = type is "S3VA" or "S4V_NT" ? Network(blocks: 2, groups: 16, pooling: true) : null,
            ["id_at_zero"] = false,
            ["m1_to_1"] = type == "S3VA",
            ["k"] = 1.0,
            ["gamma_reg"] = false,
            ["end_reg"] = false,
            ["end_half_reg"] = false,
        },
    };

    /// <summary>Replaces or removes the value at a path whose keys are joined with dots.</summary>
    public static void Set(JsonObject config, string path, JsonNode? value = null, bool remove = false)
    {
        string[] keys = path.Split('.');
        JsonObject at = keys[..^1].Aggregate(config, (section, key) => section[key]!.AsObject());
        if (remove)
            at.Remove(keys[^1]);
        else
            at[keys[^1]] = value;
    }

    private static JsonObject Network(int blocks, int groups, bool pooling) => new()
    {
        ["m_type"] = "unet",
        ["with_fourier_features"] = true,
        ["with_attention"] = false,
        ["n_embd"] = 32,
        ["n_layer"] = blocks,
        ["num_groups_groupnorm"] = groups,
        ["p_dropout"] = 0.1,
        ["down_conv"] = false,
        ["pooling"] = pooling,
        ["channel_scaling"] = pooling ? "double" : "same",
        ["non_id_init"] = false,
        ["kernel_init"] = "",
    };
}
