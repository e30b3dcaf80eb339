using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>
/// How far normal images are from the mean of their losses, and from the features of others. The latter depends on the image: one of few strokes, or a
/// plain one, is near to many, whatever it shows, and one full of details to none. Its losses tell which of these it is, so that the distance counts
/// against the one that normal images with such losses have.
/// </summary>
/// <param name="MeanOfLosses">The mean of <see cref="ShrunkGaussian.Distance"/>.</param>
/// <param name="DeviationOfLosses">Its standard deviation.</param>
/// <param name="LogDistance">Predicts the logarithm of <see cref="NearestNeighbours.Distance"/> from the profile of losses.</param>
internal sealed record UsualDistances(double MeanOfLosses, double DeviationOfLosses, RidgeRegression LogDistance)
{
    // Losses say less of what an image shows than features do: they take part from there on, in standard deviations.
    private const double LossesFrom = 4 / 3.0;

    // Of the smooth maximum of the two.
    private const double Sharpness = 1.5;

    // Of a picture that is there twice, the logarithm of the distance would be infinite.
    private const double LeastDistance = 0.01;

    /// <param name="losses">Profiles of normal images.</param>
    /// <param name="density">Their density.</param>
    /// <param name="distances">Their distances to their nearest neighbours.</param>
    public static UsualDistances Fit(double[][] losses, ShrunkGaussian density, double[] distances)
    {
        double[] ofLosses = [.. losses.Select(l => density.Distance(l))];
        double mean = ofLosses.Average(), deviation = Math.Sqrt(ofLosses.Average(d => Math.Pow(d - mean, 2)));
        return new(
            mean, Math.Max(deviation, 1e-9), RidgeRegression.Fit(losses.SelectMany(l => l).ToArray(), Array.ConvertAll(distances, Logarithm)));
    }

    /// <summary>
    /// How unusual an image is in its features or in its losses: the smooth maximum of both, in standard deviations over normal images.
    /// </summary>
    /// <param name="losses">Its profile.</param>
    /// <param name="ofLosses">The profile's distance from the mean of normal ones.</param>
    /// <param name="ofFeatures">The distance of its features from the nearest.</param>
    public double Unusual(ReadOnlySpan<double> losses, double ofLosses, double ofFeatures)
    {
        double features = (Logarithm(ofFeatures) - LogDistance.Predict(losses)) / LogDistance.Deviation;
        double ofProfile = (ofLosses - MeanOfLosses) / DeviationOfLosses - LossesFrom;
        return Math.Max(features, ofProfile) + double.LogP1(Math.Exp(-Sharpness * Math.Abs(features - ofProfile))) / Sharpness;
    }

    /// <summary>Whether it is of profiles of this size, and numbers throughout.</summary>
    public bool Fits(int lossesSize) => double.IsFinite(MeanOfLosses) && DeviationOfLosses > 0 && LogDistance.Fits(lossesSize);

    private static double Logarithm(double distance) => Math.Log(Math.Max(distance, LeastDistance));
}
