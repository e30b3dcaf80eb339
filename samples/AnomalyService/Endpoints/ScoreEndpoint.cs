using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AnomalyService.Detection;
using AnomalyService.Pictures;
using AnomalyService.Queue;

namespace AnomalyService.Endpoints;

/// <summary><c>POST /score</c>: a picture in, its verdict out.</summary>
internal static class ScoreEndpoint
{
    // A threshold may be infinite, for a detector that calls nothing an anomaly; JSON has no number for that.
    private static readonly JsonSerializerOptions _json =
        new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static void MapScore(this IEndpointRouteBuilder service) => service.MapPost("/score", ScoreAsync);

    private static async Task<IResult> ScoreAsync(
        HttpContext context, Detector detector, PictureDecoder decoder, ScoringWorker worker, ServiceLimits limits)
    {
        CancellationToken aborted = context.RequestAborted;
        try
        {
            worker.ThrowIfFull();
            Stream upload = await UploadReader.ReadAsync(context.Request, limits, aborted);
            Picture picture = await decoder.DecodeAsync(upload, aborted);
            Verdict verdict = await worker.ScoreAsync(picture, aborted);
            return Results.Json(new ScoreResponse(verdict, detector.Threshold, picture), _json);
        }
        catch (RefusalException e)
        {
            if (e.RetryAfter is { } wait)
                context.Response.Headers.RetryAfter = wait.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            return Results.Problem(e.Message, statusCode: e.Status);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Results.Problem($"The upload is larger than {limits.UploadBytes} bytes. Make it smaller.", statusCode: e.StatusCode);
        }
        catch (BadHttpRequestException e)
        {
            return Results.Problem(e.Message, statusCode: e.StatusCode);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest); // nobody reads it
        }
    }
}
