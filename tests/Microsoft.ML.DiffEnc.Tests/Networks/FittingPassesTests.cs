using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks;

public sealed class FittingPassesTests : IDisposable
{
    private readonly FittingPasses _passes = new();
    private readonly List<BatchSlice> _tried = [];
    private readonly List<Tensor> _made = [];
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly IDisposable _noGradients = no_grad();

    public void Dispose()
    {
        _noGradients.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void When_memory_runs_out_the_images_are_computed_in_parts_that_fit_and_so_are_those_that_follow()
    {
        var x = randn(10, 3);
        Tensor[] found = _passes.Of(10, Network(x, room: 3));
        Assert.Equal([10, 5, 3, 3, 3, 1], _tried.Select(t => t.Count));
        Assert.Equal([0, 0, 0, 3, 6, 9], _tried.Select(t => t.First));
        Assert.True(found[0].equal(2 * x).all().item<bool>());
        Assert.True(found[1].equal(x.sum(1)).all().item<bool>());

        _tried.Clear();
        var y = randn(4, 3);
        Assert.True(_passes.Of(4, Network(y, room: 3))[0].equal(2 * y).all().item<bool>());
        Assert.Equal([3, 1], _tried.Select(t => t.Count));
    }

    [Fact]
    public void Where_all_fit_they_are_computed_at_once_and_their_tensors_are_what_comes_back()
    {
        var x = randn(10, 3);
        Tensor[] found = _passes.Of(10, Network(x, room: 10));
        Assert.Equal([BatchSlice.Whole(10)], _tried);
        Assert.Same(_made[0], found[0]);
        Assert.Same(_made[1], found[1]);
    }

    [Fact]
    public void What_a_failed_pass_and_parts_have_computed_is_freed()
    {
        Tensor[] found = _passes.Of(10, Network(randn(10, 3), room: 3));
        Assert.All(_made, t => Assert.True(t.IsInvalid));
        Assert.All(found, t => Assert.False(t.IsInvalid));
    }

    [Fact]
    public void One_image_that_does_not_fit_is_an_error_and_so_is_all_that_is_not_about_memory()
    {
        Assert.IsType<LibTorchException>(Record.Exception(() => _passes.Of(4, Network(randn(4, 3), room: 0))));
        Assert.Equal([4, 2, 1], _tried.Select(t => t.Count));
        Assert.IsType<LibTorchException>(Record.Exception(() => _passes.Of(4, _ => throw new LibTorchException("shapes differ"))));
    }

    [Fact]
    public void Kernels_run_out_of_memory_like_libtorch()
    {
        bool first = true;
        Tensor[] One(BatchSlice some)
        {
            (first, bool fails) = (false, first);
            return fails ? throw new InvalidOperationException("A piece of a computation failed.", new InsufficientMemoryException()) : [ones(some.Count)];
        }
        Assert.Equal(4, _passes.Of(4, One)[0].size(0));
    }

    [Fact]
    public void Where_a_graph_is_recorded_nothing_is_divided()
    {
        using var gradients = enable_grad();
        Assert.IsType<LibTorchException>(Record.Exception(() => _passes.Of(10, Network(randn(10, 3), room: 3))));
        Assert.Equal([BatchSlice.Whole(10)], _tried);
    }

    /// <summary>2x and the sum of each row; memory runs out in the middle of more rows than there is room for.</summary>
    private Func<BatchSlice, Tensor[]> Network(Tensor x, int room) => some =>
    {
        _tried.Add(some);
        _made.Add(2 * some.View(x));
        if (some.Count > room)
            throw new LibTorchException("CUDA out of memory. Tried to allocate 2.00 GiB.");
        _made.Add(some.View(x).sum(1));
        return [_made[^2], _made[^1]];
    };
}
