namespace Microsoft.ML.DiffEnc;

/// <summary>How the likelihood by the probability-flow ODE is estimated.</summary>
public sealed class OdeLikelihoodOptions
{
    /// <summary>
    /// The error tolerated in one step of the solver, absolute and relative: on the noise (root mean square over the pixels) and on log p in nats
    /// per dimension. 10⁻⁸..0.1. The errors of all steps add up, and steps that are too long overlook what the network does in between and tend to
    /// flatter: compare with a tenth of it. Models compute in single precision, which shows below about 10⁻⁵. Default 10⁻⁴.
    /// </summary>
    public double Tolerance = 1e-4;

    /// <summary>K, independent draws of z_0, each with its own trajectory: 1..10000. More draws, smaller standard error; with 1 there is none.
    /// Default 4.</summary>
    public int Draws = 4;

    /// <summary>P, random probes of the divergence for each draw, 1..256; each adds a backward pass to every evaluation. Default 1.</summary>
    public int Probes = 1;

    /// <summary>The seed of draws and probes, which an image's own pixels decide with it. Default: the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>The most steps that a draw may take before an error is thrown, at least 1. Default 3000.</summary>
    public int MaxSteps = 3000;

    /// <summary>
    /// Whether a model with a trained encoder but without the second head (<see cref="DiffEncTrainer.Options.OdeHead"/>) is accepted, for which the
    /// ODE only approximates the process that was trained: the result is then a likelihood of the ODE's own distribution, not an estimate of the
    /// model's. Default false: an error.
    /// </summary>
    public bool AllowApproximation;
}
