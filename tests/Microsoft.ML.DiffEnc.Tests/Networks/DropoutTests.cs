using Microsoft.ML.DiffEnc.Networks;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks;

public class DropoutTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Share_of_zeros_is_the_probability_and_the_rest_is_scaled_up(double probability)
    {
        using var scope = NewDisposeScope();
        const int count = 1_000_003; // not a multiple of the vector width
        var y = new Dropout(probability, 7).Apply(new Dual(ones(count))).Value;
        double zero = (y == 0).to(float64).mean().item<double>();
        Assert.Equal(probability, zero, 5 * Math.Sqrt(probability * (1 - probability) / count));
        Assert.Equal(1 / (1 - probability), y.max().item<float>(), 1e-6);
        Assert.Equal(y.max().item<float>(), y[y > 0].min().item<float>());
    }

    [Fact]
    public void Neighbouring_elements_and_calls_are_independent()
    {
        using var scope = NewDisposeScope();
        const int count = 1 << 20;
        var dropout = new Dropout(0.5, 7);
        var (a, b) = (dropout.Apply(new Dual(ones(count))).Value - 1, dropout.Apply(new Dual(ones(count))).Value - 1);
        double Correlation(Tensor p, Tensor q) => (p * q).mean().item<float>();
        double limit = 5 / Math.Sqrt(count);
        Assert.Equal(0, Correlation(a, b), limit);
        foreach (int lag in new[] { 1, 2, 16, 1024 })
            Assert.Equal(0, Correlation(a.narrow(0, 0, count - lag), a.narrow(0, lag, count - lag)), limit);
    }

    [Fact]
    public void Value_and_tangent_share_one_mask_that_the_seed_decides()
    {
        using var scope = NewDisposeScope();
        var x = new Dual(ones(50, 7), full(50, 7, 3.0f));
        var once = new Dropout(0.3, 5).Apply(x);
        Assert.True((once.Value * 3).equal(once.Tangent!).all().item<bool>());
        Assert.True(once.Value.equal(new Dropout(0.3, 5).Apply(x).Value).all().item<bool>());
        Assert.False(once.Value.equal(new Dropout(0.3, 6).Apply(x).Value).all().item<bool>());
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(null, 2)]
    [InlineData(3, 1)] // a slice of 3 from 7, at two times
    public void Masks_by_libtorch_s_operations_are_those_that_we_make_ourselves(int? slice, int copies)
    {
        using var scope = NewDisposeScope();
        BatchSlice? of = slice is { } count ? new BatchSlice(2, count, 7) : null;
        var like = zeros(6, 5, 11, 13, dtype: float32);
        var mask = new Dropout(0.3, 0x9876_5432_1234_5678, of).Repeated(copies).Next();
        var expected = empty_like(like);
        mask.Fill(expected);
        var found = Dropout.ByOperations(mask, like);
        Assert.True(found.equal(expected).all().item<bool>());
        Assert.Equal(0.3, (found == 0).to(float64).mean().item<double>(), 5 * Math.Sqrt(0.3 * 0.7 / like.numel()));
        Assert.True(Dropout.ByOperations(mask, like.to(float64)).equal(expected).all().item<bool>());
    }
}
