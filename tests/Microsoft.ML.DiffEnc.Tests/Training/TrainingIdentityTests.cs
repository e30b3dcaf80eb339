using System.Globalization;
using Microsoft.ML.DiffEnc.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class TrainingIdentityTests
{
    private static readonly TrainingSettings Settings = TrainingRuns.Settings with { LearningRate = 0.0005 };

    private static TrainingIdentity With(TrainingSettings settings) => new("{}", settings, 300, 7);

    [Fact]
    public void Settings_that_differ_are_named_and_nothing_else_is_in_any_language()
    {
        Assert.Null(With(Settings).DifferenceFrom(With(Settings with { })));
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal(
                "LearningRate is 0.0005, there 0.0002, Depth is not set, there 50",
                With(Settings).DifferenceFrom(With(Settings with { LearningRate = 0.0002, Depth = 50 })));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
