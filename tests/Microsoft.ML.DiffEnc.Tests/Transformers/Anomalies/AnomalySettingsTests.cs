using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Anomalies;

public class AnomalySettingsTests
{
    // A profile of one time: L0, L1, the loss, and the changes.
    private static readonly ProfileDescription _profile = new([0.5], 1, 1);

    private static AnomalySettings Settings(AnomalyScore score)
    {
        var random = new Random(1);
        double[][] losses = [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, _profile.Size).Select(_ => random.NextDouble()).ToArray())];
        var density = ShrunkGaussian.Fit(losses.SelectMany(l => l).ToArray(), _profile.Size);
        var usual = UsualDistances.Fit(losses, density, [.. losses.Select(_ => 0.5 + random.NextDouble())]);
        return new(score, 1.5f, [0, 1, 2], "Map", _profile, new AnomalyNorm(density, usual), 3);
    }

    /// <summary>What is written, changed and read again.</summary>
    private static AnomalySettings Changed(AnomalySettings settings, Action<JsonObject> change)
    {
        using var written = new MemoryStream();
        settings.Write(written);
        var json = JsonNode.Parse(written.ToArray())!.AsObject();
        change(json["norm"]!.AsObject());
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json.ToJsonString()));
        return AnomalySettings.Read(stream);
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var settings = Settings(AnomalyScore.Profile);
        double[] losses = [.. Enumerable.Repeat(0.4, _profile.Size)];
        double Score(AnomalySettings of) => of.Norm.Usual!.Unusual(losses, of.Norm.Losses!.Distance(losses), 0.8);
        Assert.Equal(Score(settings), Score(Changed(settings, _ => { })));
    }

    [Fact]
    public void A_score_that_is_no_number_is_more_unusual_than_any()
    {
        var settings = Settings(AnomalyScore.Profile);
        Assert.Equal(1 / 4f, settings.PValue(float.NaN));
        Assert.Equal(settings.PValue(float.PositiveInfinity), settings.PValue(float.NaN));
    }

    [Fact]
    public void Those_of_the_first_versions_serve_the_scores_that_have_not_changed_and_are_named_for_the_one_that_has()
    {
        var read = Changed(Settings(AnomalyScore.LossDensity), norm =>
        {
            norm.Remove("usual");
            norm["spread"] = null;
        });
        Assert.Equal(AnomalyScore.LossDensity, read.Score);

        var error = Assert.Throws<InvalidDataException>(() => Changed(Settings(AnomalyScore.Profile), norm =>
        {
            norm.Remove("usual");
            norm["spread"] = JsonNode.Parse("""{"meanOfLosses":4,"losses":1,"features":0.2,"usual":5}""");
        }));
        Assert.Contains("an earlier version, whose score Profile was another; fit the detector again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_number_or_of_another_profile_is_named()
    {
        void Fails(Action<JsonObject> change)
            => Assert.Contains(
                "lack what normal images' distances usually are",
                Assert.Throws<InvalidDataException>(() => Changed(Settings(AnomalyScore.Profile), change)).Message, StringComparison.Ordinal);

        Fails(norm => norm["usual"] = null);
        Fails(norm => norm["usual"]!["deviationOfLosses"] = 0);
        Fails(norm => norm["usual"]!["meanOfLosses"] = "NaN");
        Fails(norm => norm["usual"]!["logDistance"]!["slopes"]!.AsArray().RemoveAt(0));
        Fails(norm => norm["usual"]!["logDistance"]!["scale"]![0] = 0);
    }
}
