using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class SamplerTests
{
    public static TheoryData<SamplerKind> Kinds => [.. Enum.GetValues<SamplerKind>()];

    [Theory, MemberData(nameof(Kinds))]
    public void The_seed_decides_the_images_and_each_image_its_own_noise(SamplerKind kind)
    {
        using var model = Models.Create(Models.Describe(EncoderKind.NonTrainable), dtype: float32);
        byte[] Generate(int count, int seed) => Sampler.Generate(model, count, new GenerationOptions { Steps = 5, Sampler = kind }, seed);
        var three = Generate(3, 1);
        Assert.Equal(3 * 64, three.Length);
        Assert.Equal(three, Generate(3, 1));
        Assert.NotEqual(three, Generate(3, 2));
        Assert.NotEqual(three[..64], three[64..128]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void An_image_is_the_same_whatever_the_count(SamplerKind kind)
    {
        // In double precision: the rounding of a batch of three and of one grows by orders of magnitude in a network of random weights.
        using var model = Models.Create(Models.Describe(EncoderKind.NonTrainable), dtype: float64);
        byte[] Generate(int count) => Sampler.Generate(model, count, new GenerationOptions { Steps = 5, Sampler = kind, SamplePixels = true }, 1);
        Assert.Equal(Generate(1), Generate(3)[..64]);
    }

    [Fact]
    public void Ancestral_sampling_is_the_public_steps_in_a_row()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable), dtype: float32);
        using var generator = new Generator(Seeds.Mix(9, 0), CPU);
        Tensor Noise() => randn([1, 1, 8, 8], dtype: float32, generator: generator);
        var z = Noise();
        for (int i = 0; i < 6; i++)
            z = model.AncestralStep(z, i, 6, Noise());
        Assert.Equal(model.Decode(z).data<byte>().ToArray(), Sampler.Generate(model, 1, new GenerationOptions { Steps = 6 }, 9));
    }

    [Fact]
    public void Sampled_pixels_differ_from_the_most_probable_ones_by_little()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        byte[] Generate(bool sampled) => Sampler.Generate(model, 4, new GenerationOptions { Steps = 20, Sampler = SamplerKind.Ode, SamplePixels = sampled }, 1);
        var (nearest, drawn) = (Generate(false), Generate(true));
        Assert.Equal(drawn, Generate(true));
        Assert.All(nearest.Zip(drawn), pair => Assert.InRange(pair.First - pair.Second, -2, 2));
    }

    [Fact]
    public void Progress_tells_of_every_step_of_every_pass()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        var reports = new Reports();
        Sampler.Generate(model, 65, new GenerationOptions { Steps = 2, Sampler = SamplerKind.Deterministic, Progress = reports }, 1);
        Assert.Equal([new(1, 2, 0, 65), new(2, 2, 0, 65), new(1, 2, 64, 65), new(2, 2, 64, 65)], reports.All);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Cancelling_stops_between_steps(SamplerKind kind)
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        using var source = new CancellationTokenSource();
        var reports = new Reports { Then = source.Cancel };
        var options = new GenerationOptions { Steps = 5, Sampler = kind, Progress = reports, CancellationToken = source.Token };
        Assert.Throws<OperationCanceledException>(() => Sampler.Generate(model, 1, options, 1));
        Assert.Single(reports.All);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Generating_leaves_no_tensors_behind(SamplerKind kind)
    {
        using var model = Models.Create(Models.Describe(EncoderKind.NonTrainable), dtype: float32);
        GenerationOptions Options(int steps) => new() { Steps = steps, Sampler = kind, SamplePixels = true };
        Sampler.Generate(model, 1, Options(2), 1);
        long before = Tensor.TotalCount;
        Sampler.Generate(model, 2, Options(6), 1);
        Assert.Equal(before, Tensor.TotalCount);
    }

    private sealed class Reports : IProgress<GenerationProgress>
    {
        public List<GenerationProgress> All { get; } = [];

        public Action? Then { get; init; }

        public void Report(GenerationProgress value)
        {
            All.Add(value);
            Then?.Invoke();
        }
    }
}
