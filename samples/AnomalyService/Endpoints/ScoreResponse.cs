using AnomalyService.Detection;
using AnomalyService.Pictures;

namespace AnomalyService.Endpoints;

/// <summary>What <c>POST /score</c> answers.</summary>
/// <param name="Score">Higher is less normal.</param>
/// <param name="Threshold">Pictures with a score above it are anomalies.</param>
/// <param name="PValue">The share of normal pictures that are at least as unusual.</param>
/// <param name="IsAnomaly">The verdict.</param>
/// <param name="Width">The width of the upload.</param>
/// <param name="Height">The height of the upload.</param>
/// <param name="Map">A data URI: the picture as the detector saw it, red where it is odd.</param>
internal sealed record ScoreResponse(float Score, float Threshold, float PValue, bool IsAnomaly, int Width, int Height, string Map)
{
    public ScoreResponse(Verdict verdict, float threshold, Picture picture)
        : this(verdict.Score, threshold, verdict.PValue, verdict.IsAnomaly, picture.Width, picture.Height,
            $"data:image/png;base64,{Convert.ToBase64String(verdict.Map)}")
    {
    }
}
