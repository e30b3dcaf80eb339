using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AnomalyService;
using AnomalyService.Detection;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples.Service;

public sealed class AnomalyServiceTests(Detectors detectors) : IClassFixture<Detectors>, IAsyncLifetime
{
    private static readonly ServiceLimits _limits = new() { UploadBytes = 100_000, PicturePixels = 10_000, UploadTime = TimeSpan.FromSeconds(1) };

    private RunningService _service = null!;

    public static TheoryData<string, int> Broken => new()
    {
        { "nothing", 400 },
        { "text", 400 },
        { "script", 400 },
        { "half a png", 400 },
        { "half a jpeg", 400 },
        { "a png with a changed byte", 400 },
        { "a png that claims 30000 × 30000", 413 },
        { "a bmp that claims 2000000000 × 1", 400 },
        { "101 × 101", 413 },
        { "100001 bytes", 413 },
    };

    public async Task InitializeAsync() => _service = await RunningService.StartAsync(detectors.Alone, _limits);

    public async Task DisposeAsync() => await _service.DisposeAsync();

    [Fact]
    public async Task A_picture_gets_the_score_that_the_detector_gives_its_pixels()
    {
        foreach (var (png, expected) in detectors.Discs(3))
        {
            await Check(await _service.PostAsync(png), expected, 8, 8);
            await Check(await _service.PostFormAsync(("disc.png", png)), expected, 8, 8);
        }
    }

    [Fact]
    public async Task A_chain_prepares_pictures_as_it_prepares_files()
    {
        await using var chained = await RunningService.StartAsync(detectors.Chain, _limits);
        byte[] png = Detectors.ColourPng(31, 17, seed: 99);
        await Check(await chained.PostAsync(png), detectors.OfFile(png), 31, 17);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    [InlineData(SKEncodedImageFormat.Png)]
    public async Task Pictures_of_other_sizes_and_formats_are_fitted(SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(90, 40);
        bitmap.Erase(SKColors.Orange);
        JsonElement answer = await Answer(await _service.PostAsync(Detectors.Encode(bitmap, format), "application/octet-stream"));
        using SKBitmap map = SKBitmap.Decode(Convert.FromBase64String(answer.GetProperty("map").GetString()!.Split(',')[1]));
        Assert.Equal((8, 8), (map.Width, map.Height));
    }

    [Fact]
    public async Task Many_clients_at_once_each_get_their_own_verdict()
    {
        var discs = detectors.Discs(64);
        HttpResponseMessage[] answers = await Task.WhenAll(discs.Select(disc => _service.PostAsync(disc.Png)));
        foreach (var (answer, (_, expected)) in answers.Zip(discs))
            await Check(answer, expected, 8, 8);
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task Broken_and_hostile_uploads_are_refused_with_the_reason(string upload, int status)
    {
        byte[] content = Content(upload);
        await CheckProblem(await _service.PostAsync(content), status);
        await CheckProblem(await _service.PostFormAsync(("<script>alert(1)</script>.png", content)), status);
        await Check(await _service.PostAsync(detectors.Discs(1)[0].Png), detectors.Discs(1)[0].Expected, 8, 8); // and the service goes on
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task Other_content_types_are_refused(string? type)
        => await CheckProblem(await _service.PostAsync(detectors.Discs(1)[0].Png, type), 415);

    [Fact]
    public async Task Forms_without_one_file_other_methods_and_other_paths_are_refused()
    {
        await CheckProblem(await _service.PostFormAsync(), 400);
        await CheckProblem(await _service.PostFormAsync(("a.png", [1]), ("b.png", [2])), 400);
        await CheckProblem(await _service.PostAsync([1, 2, 3], "multipart/form-data; boundary=x"), 400);
        await CheckProblem(await _service.PostAsync([1, 2, 3], "multipart/form-data"), 400);
        await CheckProblem(await _service.Client.GetAsync("/score"), 405);
        await CheckProblem(await _service.Client.GetAsync("/etc/passwd"), 404);
    }

    [Fact]
    public async Task A_client_that_sends_too_slowly_is_sent_away()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _service.Client.BaseAddress!.Port);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc"));
        using var reader = new StreamReader(stream);
        Assert.Equal("HTTP/1.1 408 Request Timeout", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Without_a_place_in_the_queue_clients_are_told_when_to_come_again()
    {
        await using var full = await RunningService.StartAsync(detectors.Alone, _limits with { Waiting = 0 });
        HttpResponseMessage answer = await full.PostAsync(detectors.Discs(1)[0].Png);
        Assert.Equal("1", answer.Headers.GetValues("Retry-After").Single());
        await CheckProblem(answer, 503);
    }

    [Fact]
    public async Task A_service_that_stops_answers_those_who_wait()
    {
        Task<HttpResponseMessage>[] requests = [.. detectors.Discs(30).Select(disc => _service.PostAsync(disc.Png))];
        await Task.WhenAny(requests);
        Task stop = _service.StopAsync();
        // One whose connection was not accepted yet is not answered; those that were are, and fully.
        HttpResponseMessage?[] answers = await Task.WhenAll(requests.Select(async request =>
        {
            try
            {
                return await request;
            }
            catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            {
                return null;
            }
        }));
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.All(answers.OfType<HttpResponseMessage>(), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/page.css", "text/css")]
    [InlineData("/page.js", "text/javascript")]
    public async Task The_page_is_served_whole_with_headers_that_let_it_load_nothing_else(string path, string type)
    {
        HttpResponseMessage answer = await _service.Client.GetAsync(path);
        string content = await answer.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
        Assert.DoesNotContain("://", content, StringComparison.Ordinal);
        Assert.DoesNotContain("innerHTML", content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_tells_how_many_wait()
    {
        var health = await _service.Client.GetFromJsonAsync<JsonElement>("/health");
        Assert.Equal(("ok", 0, 64), (health.GetProperty("status").GetString(), health.GetProperty("waiting").GetInt32(), health.GetProperty("places").GetInt32()));
    }

    [Fact]
    public void What_is_no_detector_with_maps_is_refused_at_the_start()
    {
        void Refused(string path, string reason)
            => Assert.Contains(reason, Assert.ThrowsAny<Exception>(() => Detector.Load(path)).Message, StringComparison.Ordinal);
        Refused(Path.Combine(detectors.Folder, "nothing.zip"), "There is no file");
        Refused(detectors.NoModel, "text.zip' cannot serve as a detector");
        Refused(detectors.ModelOnly, "it holds no anomaly detector but DiffEncTransformer");
        Refused(detectors.WithoutMaps, "AnomalyOptions.AnomalyMapColumnName");
    }

    private static byte[] Content(string upload)
    {
        byte[] png = Detectors.ColourPng(64, 64, seed: 1);
        using var bitmap = SKBitmap.Decode(png);
        byte[] jpeg = Detectors.Encode(bitmap, SKEncodedImageFormat.Jpeg);
        return upload switch
        {
            "nothing" => [],
            "text" => "no picture"u8.ToArray(),
            "script" => "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"u8.ToArray(),
            "half a png" => png[..(png.Length / 2)],
            "half a jpeg" => jpeg[..(jpeg.Length / 2)],
            "a png with a changed byte" => [.. png[..^2000], (byte)(png[^2000] ^ 0x55), .. png[^1999..]],
            "a png that claims 30000 × 30000" => Claim(),
            "a bmp that claims 2000000000 × 1" => Bmp(),
            "101 × 101" => Detectors.ColourPng(101, 101, seed: 2),
            _ => new byte[100_001],
        };
    }

    /// <summary>A PNG header with a right checksum, and little else.</summary>
    private static byte[] Claim()
    {
        byte[] header = [.. "IHDR"u8, 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0], data = [.. "IDAT"u8, 0x78, 0x9C];
        return [0x89, .. "PNG\r\n\x1a\n"u8, 0, 0, 0, 13, .. header, .. Crc(header), 0, 0, 0, 2, .. data, .. Crc(data)];
    }

    private static byte[] Crc(byte[] chunk)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in chunk)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        return [.. BitConverter.GetBytes(~crc).Reverse()];
    }

    private static byte[] Bmp() => [.. "BM"u8, .. new byte[8], 54, 0, 0, 0, 40, 0, 0, 0, .. BitConverter.GetBytes(2_000_000_000), 1, 0, 0, 0, 1, 0, 24, 0, .. new byte[64]];

    private static async Task Check(HttpResponseMessage response, Detectors.Expected expected, int width, int height)
    {
        JsonElement answer = await Answer(response);
        Assert.Equal(expected.Score, answer.GetProperty("score").GetSingle());
        Assert.Equal(expected.PValue, answer.GetProperty("pValue").GetSingle());
        Assert.Equal(expected.PredictedLabel, answer.GetProperty("isAnomaly").GetBoolean());
        Assert.Equal(expected.PredictedLabel, answer.GetProperty("score").GetSingle() > answer.GetProperty("threshold").GetSingle());
        Assert.Equal((width, height), (answer.GetProperty("width").GetInt32(), answer.GetProperty("height").GetInt32()));
        Assert.StartsWith("data:image/png;base64,iVBOR", answer.GetProperty("map").GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> Answer(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{response.StatusCode}: {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    private static async Task CheckProblem(HttpResponseMessage response, int status)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"Expected {status}, found {(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(status, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("status").GetInt32());
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }
}
