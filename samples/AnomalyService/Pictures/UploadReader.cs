using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace AnomalyService.Pictures;

/// <summary>Reads the one picture of a request, from a form or as the body itself. What is not small goes to a temporary file.</summary>
public static class UploadReader
{
    /// <summary>Bytes of an upload that are kept in memory.</summary>
    public const int BytesInMemory = 64 << 10;

    /// <summary>The whole upload; ASP.NET deletes its temporary file with the request.</summary>
    /// <exception cref="RefusalException">The type is not that of a picture, the form has not one file, or the client took too long.</exception>
    /// <exception cref="BadHttpRequestException">The body is too large, or came too slowly.</exception>
    public static async Task<Stream> ReadAsync(HttpRequest request, ServiceLimits limits, CancellationToken aborted)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        time.CancelAfter(limits.UploadTime);
        try
        {
            return request.HasFormContentType ? await ReadFormAsync(request, time.Token) : await ReadBodyAsync(request, limits, time.Token);
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            throw new RefusalException(StatusCodes.Status408RequestTimeout, $"The upload took longer than {limits.UploadTime.TotalSeconds:0} s.");
        }
    }

    private static async Task<Stream> ReadFormAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (!request.ContentType!.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            throw WrongType(request);
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(cancellation);
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new RefusalException(StatusCodes.Status400BadRequest, "The form cannot be read; expected multipart/form-data with one file.");
        }
        return form.Files.Count == 1
            ? form.Files[0].OpenReadStream()
            : throw new RefusalException(StatusCodes.Status400BadRequest, $"The form has {form.Files.Count} files; expected one.");
    }

    private static async Task<Stream> ReadBodyAsync(HttpRequest request, ServiceLimits limits, CancellationToken cancellation)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !(Is(type.Type, "image") || Is(type.MediaType, "application/octet-stream")))
            throw WrongType(request);
        request.EnableBuffering(BytesInMemory, limits.UploadBytes);
        await request.Body.DrainAsync(cancellation);
        request.Body.Position = 0;
        return request.Body;
    }

    private static bool Is(StringSegment found, string name) => found.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static RefusalException WrongType(HttpRequest request) => new(StatusCodes.Status415UnsupportedMediaType,
        $"The content type is {(string.IsNullOrEmpty(request.ContentType) ? "missing" : "none of a picture")}; "
        + "expected multipart/form-data with one file, image/… or application/octet-stream.");
}
