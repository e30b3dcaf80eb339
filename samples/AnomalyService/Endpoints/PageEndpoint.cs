namespace AnomalyService.Endpoints;

/// <summary><c>GET /</c>: the page, which is part of the program; nothing is read from disk or from elsewhere.</summary>
internal static class PageEndpoint
{
    public static void MapPage(this IEndpointRouteBuilder service)
    {
        Map(service, "/", "page.html", "text/html; charset=utf-8");
        Map(service, "/page.css", "page.css", "text/css; charset=utf-8");
        Map(service, "/page.js", "page.js", "text/javascript; charset=utf-8");
    }

    private static void Map(IEndpointRouteBuilder service, string path, string resource, string type)
    {
        using Stream stream = typeof(PageEndpoint).Assembly.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        service.MapGet(path, () => Results.Bytes(content, type));
    }
}
