using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>Which parameter of the authors' model is which of ours, for every model that their configurations can describe.</summary>
internal sealed class ReferenceParameterMap
{
    // z and the sines and cosines of its two Fourier frequencies.
    private const int InputsPerChannel = 5;

    private readonly List<ReferenceParameter> _parameters = [];

    private ReferenceParameterMap() { }

    /// <summary>Every parameter of the described model, in no particular order.</summary>
    public static IReadOnlyList<ReferenceParameter> Of(ModelDescription description)
    {
        ReferenceParameterMap map = new();
        map.AddDenoiser(description);
        if (description.EncoderNetwork is NetworkSize encoder)
            map.AddEncoder(description, encoder);
        if (description.NoiseSchedule == NoiseScheduleKind.TrainedEndPoints)
            map.AddSchedule();
        return map._parameters;
    }

    private void AddDenoiser(ModelDescription description)
    {
        FlaxPath root = new("score_model"), unet = root.Append("VDMUNet_0");
        long n = description.Denoiser.Width, embedding = 4 * n;

        AddTimeEmbedding(root.Append("TimeEmbedding_0"), "denoiser.time_embedding", n);
        AddConvolution(root.Append("conv_in"), "denoiser.conv_in", InputsPerChannel * description.Channels, n);
        for (int i = 0; i < description.Denoiser.Blocks; i++)
            AddBlock(unet.Append($"down.block_{i}"), $"denoiser.down.{i}", n, n, embedding);
        AddBlock(unet.Append("mid.block_1"), "denoiser.mid1", n, n, embedding);
        AddAttention(unet.Append("mid.attn_1"), "denoiser.attention", n);
        AddBlock(unet.Append("mid.block_2"), "denoiser.mid2", n, n, embedding);
        for (int i = 0; i <= description.Denoiser.Blocks; i++)
            AddBlock(unet.Append($"up.block_{i}"), $"denoiser.up.{i}", 2 * n, n, embedding);
        AddNorm(root.Append("GroupNorm_0"), "denoiser.norm_out", n);
        AddConvolution(root.Append("conv_out"), "denoiser.conv_out", n, description.Channels);
    }

    private void AddEncoder(ModelDescription description, NetworkSize size)
    {
        FlaxPath root = new("encdec", "inner_encoder"), unet = root.Append("enc_model");
        (int levels, int blocks) = EncoderLevels.Of(description.EncoderLayout, size.Blocks, description.Height);
        long embedding = 4L * size.Width;
        long Width(int level) => (long)size.Width << level;
        // Only the multi-resolution form numbers the blocks of a level, even when there is one.
        string Number(int block) => description.EncoderLayout == EncoderLayout.MultiResolution ? $"{block}" : "";

        AddTimeEmbedding(root.Append("time_embedding"), "encoder.time_embedding", size.Width);
        AddConvolution(root.Append("conv_in"), "encoder.conv_in", description.Channels, size.Width);

        long channels = size.Width;
        for (int level = 0; level < levels; level++)
        {
            for (int b = 0; b < blocks; b++, channels = Width(level))
            {
                FlaxPath path = unet.Append($"down_blocks_{level}", $"down_{level}_resnet_block{Number(b)}");
                AddBlock(path, $"encoder.down.{level}.{b}", channels, Width(level), embedding);
            }
        }
        AddBlock(unet.Append("mid_resnet_1"), "encoder.mid1", channels, channels, embedding);
        AddAttention(unet.Append("mid_attn_1"), "encoder.attention", channels);
        AddBlock(unet.Append("mid_resnet_2"), "encoder.mid2", channels, channels, embedding);
        for (int k = 0; k < levels; k++)
        {
            // Flax counts the containers in order of execution, but names the blocks inside after the level they handle.
            int level = levels - 1 - k;
            FlaxPath up = unet.Append($"up_blocks_{k}");
            AddUpConvolution(up.Append("conv_trans"), $"encoder.up.{k}.upsample", channels, Width(level));
            channels = 2 * Width(level);
            for (int b = 0; b < blocks; b++, channels = Width(level))
                AddBlock(up.Append($"up_{level}_resnet_block{Number(b)}"), $"encoder.up.{k}.blocks.{b}", channels, Width(level), embedding);
        }
        AddNorm(root.Append("GroupNorm_0"), "encoder.norm_out", size.Width);
        AddConvolution(root.Append("conv_out"), "encoder.conv_out", size.Width, description.Channels);
    }

    private void AddSchedule()
    {
        foreach (string part in (ReadOnlySpan<string>)["w", "b"])
            Add(new FlaxPath("gamma", part), [1], $"schedule.{part}", WeightLayout.Same);
    }

    private void AddTimeEmbedding(FlaxPath path, string name, long n)
    {
        AddDense(path.Append("dense0"), $"{name}.dense0", n + 1, 4 * n);
        AddDense(path.Append("dense1"), $"{name}.dense1", 4 * n, 4 * n);
    }

    private void AddBlock(FlaxPath path, string name, long channelsIn, long channelsOut, long embedding)
    {
        AddNorm(path.Append("GroupNorm_0"), $"{name}.norm1", channelsIn);
        AddConvolution(path.Append("conv1"), $"{name}.conv1", channelsIn, channelsOut);
        Add(path.Append("cond_proj", "kernel"), [embedding, channelsOut], $"{name}.cond_proj.weight", WeightLayout.Dense);
        AddNorm(path.Append("GroupNorm_1"), $"{name}.norm2", channelsOut);
        AddConvolution(path.Append("conv2"), $"{name}.conv2", channelsOut, channelsOut);
        if (channelsIn == channelsOut)
            return;
        Add(path.Append("nin_shortcut", "kernel"), [channelsIn, channelsOut], $"{name}.shortcut.weight", WeightLayout.PointwiseConvolution);
        AddBias(path.Append("nin_shortcut"), $"{name}.shortcut", channelsOut);
    }

    private void AddAttention(FlaxPath path, string name, long channels)
    {
        AddNorm(path.Append("GroupNorm_0"), $"{name}.norm", channels);
        foreach (string part in (ReadOnlySpan<string>)["q", "k", "v", "proj_out"])
            AddDense(path.Append(part), $"{name}.{part}", channels, channels);
    }

    private void AddDense(FlaxPath path, string name, long sizeIn, long sizeOut)
    {
        Add(path.Append("kernel"), [sizeIn, sizeOut], $"{name}.weight", WeightLayout.Dense);
        AddBias(path, name, sizeOut);
    }

    private void AddConvolution(FlaxPath path, string name, long channelsIn, long channelsOut)
    {
        Add(path.Append("kernel"), [3, 3, channelsIn, channelsOut], $"{name}.weight", WeightLayout.Convolution);
        AddBias(path, name, channelsOut);
    }

    private void AddUpConvolution(FlaxPath path, string name, long channelsIn, long channelsOut)
    {
        Add(path.Append("kernel"), [2, 2, channelsIn, channelsOut], $"{name}.weight", WeightLayout.TransposedConvolution);
        AddBias(path, name, channelsOut);
    }

    private void AddNorm(FlaxPath path, string name, long channels)
    {
        Add(path.Append("scale"), [channels], $"{name}.weight", WeightLayout.Same);
        AddBias(path, name, channels);
    }

    private void AddBias(FlaxPath path, string name, long size) => Add(path.Append("bias"), [size], $"{name}.bias", WeightLayout.Same);

    private void Add(FlaxPath path, long[] shape, string name, WeightLayout layout) =>
        _parameters.Add(new ReferenceParameter(path, shape, name, layout));
}
