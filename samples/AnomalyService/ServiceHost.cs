using AnomalyService.Detection;
using AnomalyService.Endpoints;
using AnomalyService.Pictures;
using AnomalyService.Queue;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AnomalyService;

/// <summary>Puts the service together: the queue in front of the detector, the server's limits, the endpoints.</summary>
public static class ServiceHost
{
    /// <summary>A service that is ready to be run.</summary>
    /// <param name="detector">What scores; it is the caller's, to be disposed of after the service.</param>
    /// <param name="limits">What clients may ask for.</param>
    /// <param name="urls">Where to listen, with semicolons between; port 0 takes a free one.</param>
    public static WebApplication Build(Detector detector, ServiceLimits limits, string urls)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(urls).ConfigureKestrel(server => Limit(server, limits));
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical); // clients that are cut off are no errors of the service
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical); // a taken port is told by CommandLine
        builder.Services.Configure<FormOptions>(form => Limit(form, limits));
        builder.Services.AddProblemDetails();
        builder.Services.AddSingleton(limits).AddSingleton(detector).AddSingleton<PictureDecoder>();
        builder.Services.AddSingleton<ScoringWorker>().AddHostedService(services => services.GetRequiredService<ScoringWorker>());

        WebApplication service = builder.Build();
        service.Use(SecurityHeaders.Add);
        service.UseExceptionHandler(); // 500 without a trace
        service.UseStatusCodePages(); // a problem for 404 and 405 too
        service.MapPage();
        service.MapHealth();
        service.MapScore();
        return service;
    }

    private static void Limit(KestrelServerOptions server, ServiceLimits limits)
    {
        server.AddServerHeader = false;
        server.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http1); // a connection is a request
        server.Limits.MaxConcurrentConnections = limits.Connections;
        server.Limits.MaxRequestBodySize = limits.UploadBytes;
        server.Limits.MinRequestBodyDataRate = new MinDataRate(limits.UploadBytesPerSecond, TimeSpan.FromSeconds(5));
        server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        server.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
    }

    private static void Limit(FormOptions form, ServiceLimits limits)
    {
        form.MultipartBodyLengthLimit = limits.UploadBytes;
        form.MemoryBufferThreshold = UploadReader.BytesInMemory;
        form.ValueCountLimit = 8;
        form.ValueLengthLimit = form.KeyLengthLimit = 1024;
    }
}
