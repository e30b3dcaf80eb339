namespace Microsoft.ML.DiffEnc.Evaluation.Reports;

/// <summary>Running sums of one loss over images, from which <see cref="LossEstimate"/> has its means and errors.</summary>
internal sealed class LossSums
{
    private long _images;
    private double _mean, _squares, _drawVariance;

    /// <summary>Adds an image with a loss that has no draws.</summary>
    public void Add(double loss) => Add(loss, variance: 0);

    /// <summary>Adds an image.</summary>
    /// <param name="sets">Its loss in each of K independent sets of draws.</param>
    public void Add(ReadOnlySpan<double> sets)
    {
        double mean = 0, squares = 0;
        foreach (double loss in sets)
            mean += loss / sets.Length;
        foreach (double loss in sets)
            squares += (loss - mean) * (loss - mean);
        Add(mean, sets.Length > 1 ? squares / (sets.Length - 1) / sets.Length : double.NaN);
    }

    /// <param name="unit">Nats in the unit of the result.</param>
    public LossEstimate Estimate(double unit)
    {
        double whole = _images > 1 ? _squares / (_images - 1) / _images : double.NaN;
        double draws = _drawVariance / _images / _images;
        return new LossEstimate(_mean / unit, Math.Sqrt(whole) / unit, Math.Sqrt(Math.Max(0, whole - draws)) / unit, Math.Sqrt(draws) / unit);
    }

    /// <param name="loss">The image's mean over its draws.</param>
    /// <param name="variance">The variance of that mean, from its draws.</param>
    private void Add(double loss, double variance)
    {
        // Welford's recurrence: exact also where the spread is small beside the mean.
        _images++;
        double difference = loss - _mean;
        _mean += difference / _images;
        _squares += difference * (loss - _mean);
        _drawVariance += variance;
    }
}
