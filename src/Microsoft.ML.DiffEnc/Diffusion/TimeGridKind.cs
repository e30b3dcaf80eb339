namespace Microsoft.ML.DiffEnc;

/// <summary>How the times of a process in T steps are chosen.</summary>
public enum TimeGridKind
{
    /// <summary>Steps of equal length in t.</summary>
    Uniform,

    /// <summary>
    /// The times that make the bound of the trained network smallest on calibration images, found by dynamic programming over candidate times.
    /// </summary>
    Optimized,
}
