using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Representations;

public class RepresentationOptionsTests
{
    public static TheoryData<RepresentationOptions, string> Wrong => new()
    {
        { new() { Kind = (RepresentationKind)99 }, "Kind is 99" },
        { new() { Kind = RepresentationKind.EncoderOutput }, "needs a trainable encoder, and the model's is NonTrainable" },
        { new() { Times = [] }, "Times has 0 values" },
        { new() { Times = [0.5f, 1.25f] }, "Times has 1.25; expected times from 0" },
        { new() { Times = [float.NaN] }, "Times has NaN" },
        { new() { Block = "down.7" }, "Block is 'down.7'; the model's blocks for DenoiserFeatures are conv_in, down.0" },
        { new() { Kind = RepresentationKind.Encoding, Block = "mid1" }, "leave it null" },
        { new() { PoolingGrid = 9 }, "PoolingGrid is 9; expected 1..8" },
        { new() { Kind = RepresentationKind.LossProfile, PoolingGrid = 2 }, "nothing to pool" },
        { new() { Pooling = (FeaturePooling)7 }, "Pooling is 7" },
        { new() { Normalization = (FeatureNormalization)5 }, "Normalization is 5; expected one of None, Rectified" },
        { new() { Kind = RepresentationKind.Encoding, Normalization = FeatureNormalization.Rectified }, "for pooled features of a block, and Kind is Encoding" },
        { new() { Draws = -1 }, "Draws is -1; expected 0..1000" },
        { new() { Kind = RepresentationKind.LossProfile, Draws = 0 }, "Draws is 0; expected 1..1000" },
        { new() { OutputColumnName = " " }, "OutputColumnName is empty" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_makes_no_sense_is_refused_by_name(RepresentationOptions options, string expected)
    {
        var ml = new MLContext(seed: 1);
        using var model = Scoring.Transformer(ml);
        var error = Assert.Throws<ArgumentException>(() => ml.Generative().Representations(model, options));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_changed_after_the_call_change_nothing()
    {
        var ml = new MLContext(seed: 1);
        using var model = Scoring.Transformer(ml);
        var options = new RepresentationOptions { Kind = RepresentationKind.LossProfile, Times = [0.5f] };
        var estimator = ml.Generative().Representations(model, options);
        options.Times[0] = 7;
        options.OutputColumnName = "Other";
        using var transformer = estimator.Fit(ml.Data.LoadFromEnumerable(Pictures.VectorRows(2)));
        Assert.Contains("Representation", transformer.Transform(ml.Data.LoadFromEnumerable(Pictures.VectorRows(2))).Schema.Select(c => c.Name));
    }
}
