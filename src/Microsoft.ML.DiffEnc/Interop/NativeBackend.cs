using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Loads libtorch, once, and picks the device. Everything that touches a tensor passes here first.</summary>
internal static class NativeBackend
{
    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>
    /// Loads libtorch: from the folder that <see cref="InstalledLibTorch"/> was told of, otherwise the one deployed with the program.
    /// Call it before the first use of TorchSharp: TorchSharp's own loader answers a library that does not load by copying half a gigabyte
    /// into the program's folder and naming the wrong cause. Costs nothing after the first call; a failure is final for the process.
    /// </summary>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded; the message says why and what to do.</exception>
    public static void EnsureLoaded() => _ = Loaded.Value;

    /// <summary>The device that the <see cref="MLContext"/> asks for: the CPU, or the CUDA device of the given number.</summary>
    /// <param name="gpuDeviceId"><c>MLContext.GpuDeviceId</c>; null means the CPU.</param>
    /// <param name="fallbackToCpu"><c>MLContext.FallbackToCpu</c>: whether the CPU will do where the GPU asked for is missing.</param>
    /// <param name="warn">Told, once per call, when the CPU is taken instead of a missing GPU.</param>
    /// <param name="setting">What holds <paramref name="gpuDeviceId"/>, for messages.</param>
    /// <exception cref="InvalidOperationException">There is no such GPU, and <paramref name="fallbackToCpu"/> is false.</exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded.</exception>
    public static torch.Device SelectDevice(
        int? gpuDeviceId, bool fallbackToCpu, Action<string> warn, string setting = "MLContext.GpuDeviceId")
    {
        EnsureLoaded();
        if (gpuDeviceId is not int id)
            return torch.CPU;
        int devices = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (ExplainMissingGpu(id, devices, HasCudaLibrary, setting) is not { } problem)
        {
            TensorFloat32.Forbid();
            return torch.device(DeviceType.CUDA, id);
        }
        if (!fallbackToCpu)
            throw new InvalidOperationException($"{problem} To run on the CPU, leave {setting} null or set MLContext.FallbackToCpu.");
        warn($"{problem} Running on the CPU instead.");
        return torch.CPU;
    }

    /// <summary>Why the GPU of that number cannot be used, or null where it can.</summary>
    internal static string? ExplainMissingGpu(int gpuDeviceId, int devices, bool cudaBuild, string setting = "MLContext.GpuDeviceId") =>
        gpuDeviceId >= 0 && gpuDeviceId < devices ? null
        : $"{setting} is {gpuDeviceId}, but " + (gpuDeviceId, devices, cudaBuild) switch
        {
            (_, > 0, _) => $"libtorch sees {devices} CUDA device{(devices == 1 ? "" : "s")}: expected 0{(devices == 1 ? "" : $" to {devices - 1}")}.",
            (_, _, true) => "libtorch sees no CUDA device. Check the NVIDIA driver (nvidia-smi) and CUDA_VISIBLE_DEVICES.",
            _ => "this libtorch is built for the CPU only. Reference TorchSharp-cuda-linux or TorchSharp-cuda-windows instead of TorchSharp-cpu, " +
                $"or set {InstalledLibTorch.Variable} to the lib folder of an installed PyTorch with CUDA.",
        };

    private static bool Load()
    {
        if (InstalledLibTorch.Named() is { } installed)
            installed.Load();
        else if (!NativeFiles.RunsFromPackageCache())
            LoadDeployed();
        torch.InitializeDeviceType(DeviceType.CPU);
        return true;
    }

    private static void LoadDeployed()
    {
        // First, where there is one: once asked without it, libtorch answers "no CUDA" for the life of the process.
        _ = HasCudaLibrary;
        try
        {
            NativeLibrary.Load("LibTorchSharp", NativeFiles.TorchSharpAssembly, null);
        }
        catch (DllNotFoundException e)
        {
            throw LoadFailure.Exception(e, hasLibTorch: NativeFiles.Find("torch_cpu") is not null);
        }
    }

    private static bool HasCudaLibrary => NativeLibrary.TryLoad("torch_cuda", NativeFiles.TorchSharpAssembly, null, out _);
}
