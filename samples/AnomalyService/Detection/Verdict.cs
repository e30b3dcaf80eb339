namespace AnomalyService.Detection;

/// <summary>What the detector says of a picture.</summary>
/// <param name="Score">Higher is less normal.</param>
/// <param name="PValue">The share of normal pictures that are at least as unusual.</param>
/// <param name="IsAnomaly">Whether the score is above the threshold.</param>
/// <param name="Map">The picture as the detector saw it, red where it is odd: a PNG.</param>
public sealed record Verdict(float Score, float PValue, bool IsAnomaly, byte[] Map);
