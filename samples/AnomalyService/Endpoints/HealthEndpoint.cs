using AnomalyService.Queue;

namespace AnomalyService.Endpoints;

/// <summary><c>GET /health</c>: that the service runs, and how busy it is.</summary>
internal static class HealthEndpoint
{
    public static void MapHealth(this IEndpointRouteBuilder service) => service.MapGet("/health", (ScoringWorker worker, ServiceLimits limits)
        => Results.Json(new { status = "ok", waiting = worker.Waiting, places = limits.Waiting }));
}
