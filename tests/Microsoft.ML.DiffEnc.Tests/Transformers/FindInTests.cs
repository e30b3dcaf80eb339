using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers;

public sealed class FindInTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _transformer;

    public FindInTests() => _transformer = Scoring.Transformer(_ml);

    public void Dispose() => _transformer.Dispose();

    [Fact]
    public void It_is_found_alone_in_a_chain_and_in_a_chain_within_a_chain()
    {
        var chain = new TransformerChain<ITransformer>(Stock(), _transformer, Stock());
        var nested = new TransformerChain<ITransformer>(Stock(), new TransformerChain<ITransformer>(Stock(), chain));
        foreach (ITransformer place in new ITransformer[] { _transformer, chain, nested })
            Assert.Same(_transformer, DiffEncTransformer.FindIn(place));
    }

    [Fact]
    public void A_chain_without_one_is_refused_with_what_it_has()
    {
        var error = Assert.Throws<ArgumentException>(() => DiffEncTransformer.FindIn(new TransformerChain<ITransformer>(Stock())));
        Assert.Contains("no DiffEncTransformer", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ColumnCopyingTransformer), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_with_two_is_refused()
    {
        using DiffEncTransformer other = Scoring.Transformer(_ml);
        var error = Assert.Throws<ArgumentException>(() => DiffEncTransformer.FindIn(new TransformerChain<ITransformer>(_transformer, other)));
        Assert.Contains("2 DiffEncTransformers", error.Message, StringComparison.Ordinal);
    }

    private ColumnCopyingTransformer Stock() => _ml.Transforms.CopyColumns("Copy", "Number").Fit(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(1)));
}
