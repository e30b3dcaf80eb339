namespace Microsoft.ML.DiffEnc;

/// <summary>How the values of a channel within a cell of the pooling grid become one number.</summary>
public enum FeaturePooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>Both: twice as many features.</summary>
    MeanAndMax,
}
