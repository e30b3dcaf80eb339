using System.Net.Http.Headers;
using AnomalyService;
using AnomalyService.Detection;
using Microsoft.AspNetCore.Builder;

namespace Microsoft.ML.DiffEnc.Tests.Samples.Service;

/// <summary>The service on a free port of this machine, and a client.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    private readonly Detector _detector;
    private readonly WebApplication _service;

    private RunningService(Detector detector, ServiceLimits limits)
    {
        _detector = detector;
        _service = ServiceHost.Build(detector, limits, "http://127.0.0.1:0");
    }

    public HttpClient Client { get; } = new();

    public static async Task<RunningService> StartAsync(string model, ServiceLimits limits)
    {
        var running = new RunningService(Detector.Load(model), limits);
        await running._service.StartAsync();
        running.Client.BaseAddress = new Uri(running._service.Urls.Single());
        return running;
    }

    public Task<HttpResponseMessage> PostAsync(byte[] body, string? type = "image/png")
        => Client.PostAsync("/score", new ByteArrayContent(body) { Headers = { ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type) } });

    public Task<HttpResponseMessage> PostFormAsync(params (string FileName, byte[] Content)[] files)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, content) in files)
            form.Add(new ByteArrayContent(content), "picture", name);
        return Client.PostAsync("/score", form);
    }

    public Task StopAsync() => _service.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _service.DisposeAsync();
        _detector.Dispose();
    }
}
