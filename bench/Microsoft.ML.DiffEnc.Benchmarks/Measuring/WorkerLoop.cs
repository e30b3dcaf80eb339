using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>Our side as a worker: answers requests from standard input, one JSON object a line, and waits in between.</summary>
internal sealed class WorkerLoop : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };
    private readonly Device _device;
    private readonly TrainingPrecision _precision;
    private readonly IDisposable? _support;
    private TrainingMeasure? _training;
    private ScoringMeasure? _scoring;
    private EncoderMeasure? _encoder;
    private (ModelDescription Model, int Batch)? _prepared;

    /// <param name="variant">How it computes.</param>
    /// <param name="gpu">The number of the GPU; <see langword="null"/>: the CPU.</param>
    /// <exception cref="InvalidOperationException">There is no such device, or it cannot compute so.</exception>
    public WorkerLoop(Variant variant, int? gpu)
    {
        if (variant.KeepMemory && !TorchMemory.KeepFreed())
            throw new InvalidOperationException("This C library cannot be told to keep freed memory: the variant kept-memory needs Linux with glibc.");
        _device = NativeBackend.SelectDevice(gpu, fallbackToCpu: false, _ => { });
        _precision = variant.Precision;
        PrecisionSupport.Check(_precision, _device, Console.Error.WriteLine);
        _support = TensorFloat32.AllowFor(_precision, _device);
    }

    public void Serve(TextReader requests, TextWriter replies)
    {
        while (requests.ReadLine() is { } line)
        {
            var request = JsonNode.Parse(line)!.AsObject();
            string what = (string)request["do"]!;
            if (what == "end")
                return;
            WorkerReply reply;
            try
            {
                reply = Answer(what, request);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                reply = new() { Error = $"{e.GetType().Name}: {e.Message}" };
            }
            replies.WriteLine(JsonSerializer.Serialize(reply, Json));
            replies.Flush();
        }
    }

    public void Dispose()
    {
        _training?.Dispose();
        _scoring?.Dispose();
        _encoder?.Dispose();
        _support?.Dispose();
    }

    private WorkerReply Answer(string what, JsonObject request) => what switch
    {
        "hello" => new() { Version = $"libtorch {__version__}", Runtime = $".NET {Environment.Version}", Threads = get_num_threads() },
        "prepare" => Prepare(request),
        "step" => new() { Seconds = _training!.Step() },
        "split" => new() { Phases = _training!.Split() },
        "encoder" => new() { EncoderSeconds = Encoder().Seconds() },
        "forward" => new() { Seconds = _scoring!.Forward() },
        "score" => new() { Seconds = _scoring!.Score((int)request["images"]!, (int)request["draws"]!, (int)request["perPass"]!) },
        "peak" => Peak(),
        "memory" => Memory(),
        "writeCheck" => WriteCheck(request),
        _ => throw new ArgumentException($"There is no request '{what}'."),
    };

    private WorkerReply Prepare(JsonObject request)
    {
        var model = Model(request);
        int batch = (int)request["batch"]!, images = (int)request["images"]!;
        _prepared = (model, batch);
        var shapes = Shapes(model); // before the model that is measured: the two should not count together
        var work = NetworkWork.Of(model, shapes);
        if ((bool)request["training"]!)
            _training = new TrainingMeasure(model, images, batch, _device, _precision);
        else
            _scoring = new ScoringMeasure(model, batch, _device);
        return new() { Parameters = shapes.Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b)), ForwardOperations = work.Denoiser, StepOperations = work.Step };
    }

    private static Dictionary<string, long[]> Shapes(ModelDescription model)
    {
        using var any = DiffEncModel.Create(model);
        return any.NamedParameters.ToDictionary(p => p.Key, p => p.Value.shape);
    }

    private EncoderMeasure Encoder()
        => _encoder ??= _prepared is { } p ? new EncoderMeasure(p.Model, p.Batch, _device, _precision) : throw new InvalidOperationException("Not prepared.");

    private WorkerReply Peak()
    {
        using var peak = new MachinePeak(_device, _precision == TrainingPrecision.BFloat16 ? bfloat16 : float32);
        return new() { Convolution = peak.Convolution(), Product = peak.Product() };
    }

    private static WorkerReply Memory()
    {
        var (peak, resident) = ProcessMemory.Read();
        return new() { Peak = peak, Resident = resident };
    }

    private static WorkerReply WriteCheck(JsonObject request)
    {
        CheckFile.Write((string)request["file"]!, Model(request), (bool)request["asTrained"]!);
        return new();
    }

    private static ModelDescription Model(JsonObject request) => ModelMessage.Read(request["model"]!);
}
