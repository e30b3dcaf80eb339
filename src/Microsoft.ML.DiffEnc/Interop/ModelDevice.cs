using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>The device that an ML.NET environment asks for.</summary>
internal static class ModelDevice
{
    /// <summary>Loads libtorch and picks the device by <c>GpuDeviceId</c> and <c>FallbackToCpu</c>; says so in the log when it falls back.</summary>
    /// <exception cref="InvalidOperationException">There is no such GPU, and falling back to the CPU was not allowed.</exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded.</exception>
    public static TorchSharp.torch.Device Select(IHostEnvironment environment)
    {
        var settings = (IHostEnvironmentInternal)environment;
        using var channel = environment.Start("Device");
        return NativeBackend.SelectDevice(settings.GpuDeviceId, settings.FallbackToCpu, message => channel.Warning(MessageSensitivity.None, message));
    }
}
