using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Anomalies;

public class LargestValuesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(1000)]
    public void The_least_of_the_largest_is_that_of_all_values_in_order(int most)
    {
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, 1000).Select(_ => (float)random.Next(300))]; // many are equal
        var largest = new LargestValues(most);
        foreach (float[] some in values.Chunk(64))
            largest.Add(some);
        Assert.Equal(values.Order().ElementAt(1000 - most), largest.Least);
    }
}
