using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Generation;

public class GeneratedImagesTests
{
    private readonly MLContext _ml = new(seed: 1);

    private static byte[][] Pixels(IDataView view) => [.. view.GetColumn<MLImage>("Image").Select(image => image.Pixels.ToArray())];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Rows_are_the_images_that_Generate_gives(int channels)
    {
        using var model = Scoring.Transformer(_ml, channels);
        var options = new GenerationOptions { Steps = 2, Seed = 5 };
        IDataView view = model.GenerateAsDataView(70, options);
        Assert.Equal(model.Generate(70, options).Select(image => image.Pixels.ToArray()), Pixels(view));
        Assert.Equal(Enumerable.Range(0, 70).Select(i => (long)i), view.GetColumn<long>("Index"));
        Assert.Equal(70, view.GetRowCount());
        Assert.Equal(Pixels(view), Pixels(view));
    }

    [Fact]
    public void Nothing_is_made_before_it_is_read_and_passes_that_are_skipped_never()
    {
        using var model = Scoring.Transformer(_ml);
        List<int> passes = [];
        var options = new GenerationOptions { Steps = 1, Progress = new Recorder(p => passes.Add(p.ImagesDone)) };
        IDataView view = model.GenerateAsDataView(1_000_000, options);
        Assert.Equal(1000, view.GetColumn<long>("Index").Take(1000).Count());
        Assert.Empty(passes);
        using var cursor = view.GetRowCursor(view.Schema);
        var get = cursor.GetGetter<MLImage>(view.Schema["Image"]);
        MLImage image = null!;
        for (int row = 0; row < 135; row++)
        {
            Assert.True(cursor.MoveNext());
            if (row is 63 or 130 or 134)
                get(ref image);
        }
        Assert.Equal([0, 128], passes);
        image.Dispose();
    }

    [Fact]
    public void Options_changed_after_the_view_was_made_change_nothing()
    {
        using var model = Scoring.Transformer(_ml);
        var options = new GenerationOptions { Steps = 2, Seed = 5 };
        IDataView view = model.GenerateAsDataView(2, options);
        byte[][] before = Pixels(view);
        (options.Steps, options.Seed) = (0, 6);
        Assert.Equal(before, Pixels(view));
    }

    [Fact]
    public void Generated_images_go_through_transforms_and_are_scored()
    {
        using var model = Scoring.Transformer(_ml);
        IDataView view = model.GenerateAsDataView(3, new GenerationOptions { Steps = 2 });
        IDataView scored = _ml.Transforms.ExtractPixels("Pixels", "Image").Fit(view).Transform(model.Transform(view));
        float[] scores = [.. scored.GetColumn<float>("Score")];
        Assert.Equal(3, scores.Length);
        Assert.All(scores, score => Assert.True(float.IsFinite(score)));
        Assert.Equal(Pixels(view).Select(p => (float)p[0]), scored.GetColumn<float[]>("Pixels").Select(p => p[0]));
    }

    [Fact]
    public void Counts_and_options_out_of_range_are_refused_at_once_and_a_disposed_model_when_read()
    {
        var model = Scoring.Transformer(_ml);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.GenerateAsDataView(0));
        foreach (int steps in new[] { 0, 100_001 })
            Assert.Contains(
                $"The option Steps is {steps}; expected 1..100000",
                Assert.Throws<ArgumentOutOfRangeException>(() => model.GenerateAsDataView(1, new GenerationOptions { Steps = steps })).Message,
                StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.GenerateAsDataView(1, new GenerationOptions { Sampler = (SamplerKind)9 }));
        IDataView view = model.GenerateAsDataView(1, new GenerationOptions { Steps = 1 });
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Pixels(view));
        Assert.Throws<ObjectDisposedException>(() => model.GenerateAsDataView(1));
    }

    private sealed class Recorder(Action<GenerationProgress> report) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => report(value);
    }
}
