using System.Globalization;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>Whether features can be taken of a model.</summary>
internal static class RepresentationCheck
{
    /// <summary>What is wrong, beginning with the name of the option; <see langword="null"/>: nothing.</summary>
    public static string? Problem(FeatureDescription features, DiffEncModel model)
    {
        bool needsEncoder = features.Kind is RepresentationKind.EncoderOutput or RepresentationKind.EncoderFeatures;
        if (!Enum.IsDefined(features.Kind))
            return $"Kind is {features.Kind}; expected one of {string.Join(", ", Enum.GetNames<RepresentationKind>())}.";
        if (needsEncoder && model.Description.Encoder != EncoderKind.Trainable)
            return $"Kind is {features.Kind}, which needs a trainable encoder, and the model's is {model.Description.Encoder}. " +
                "Take another kind, or train with EncoderKind.Trainable.";
        if (features.Times.Length is 0 or > FeatureDescription.MostTimes)
            return $"Times has {features.Times.Length} values; expected 1..{FeatureDescription.MostTimes}.";
        foreach (double time in features.Times)
            if (!(time is >= 0 and <= 1))
                return string.Create(CultureInfo.InvariantCulture, $"Times has {time}; expected times from 0 (the image) to 1 (noise).");
        if (!Enum.IsDefined(features.Pooling))
            return $"Pooling is {features.Pooling}; expected one of {string.Join(", ", Enum.GetNames<FeaturePooling>())}.";
        int leastDraws = features.Kind == RepresentationKind.LossProfile ? 1 : 0;
        if (features.Draws < leastDraws || features.Draws > FeatureDescription.MostDraws)
            return $"Draws is {features.Draws}; expected {leastDraws}..{FeatureDescription.MostDraws}.";
        return BlockProblem(features, model) ?? GridProblem(features, model) ?? NormalizationProblem(features);
    }

    private static string? BlockProblem(FeatureDescription features, DiffEncModel model)
    {
        IReadOnlyList<string> blocks = features.Kind switch
        {
            RepresentationKind.DenoiserFeatures => model.DenoiserBlocks,
            RepresentationKind.EncoderFeatures => model.EncoderBlocks,
            _ => [],
        };
        if (blocks.Count == 0)
            return features.Block is null
                ? null
                : $"Block is '{features.Block}', and {features.Kind} is not of a block; leave it null, or take the features of a network.";
        return blocks.Contains(features.Block)
            ? null
            : $"Block is '{features.Block}'; the model's blocks for {features.Kind} are {string.Join(", ", blocks)}.";
    }

    private static string? NormalizationProblem(FeatureDescription features)
    {
        if (!Enum.IsDefined(features.Normalization))
            return $"Normalization is {features.Normalization}; expected one of {string.Join(", ", Enum.GetNames<FeatureNormalization>())}.";
        bool ofBlock = features.Kind is RepresentationKind.DenoiserFeatures or RepresentationKind.EncoderFeatures;
        return features.Normalization == FeatureNormalization.None || (ofBlock && features.Grid is not null)
            ? null
            : $"Normalization is {features.Normalization}, which is for pooled features of a block, and Kind is {features.Kind}; leave it null.";
    }

    private static string? GridProblem(FeatureDescription features, DiffEncModel model)
    {
        if (features.Grid is not { } grid)
            return null;
        if (features.Kind == RepresentationKind.LossProfile)
            return "PoolingGrid is set, and a loss profile has one number a time and nothing to pool; leave it null.";
        int most = Math.Min(model.Description.Width, model.Description.Height);
        return grid >= 1 && grid <= most ? null : string.Create(CultureInfo.InvariantCulture, $"PoolingGrid is {grid}; expected 1..{most}.");
    }
}
