using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>What an ML.NET environment asks for.</summary>
internal static class HostSettings
{
    /// <summary>The seed of the <see cref="MLContext"/>; <see langword="null"/>: none was given.</summary>
    public static int? Seed(IHostEnvironment environment) => ((IHostEnvironmentInternal)environment).Seed;

    /// <summary>Loads libtorch and picks the device by <c>GpuDeviceId</c> and <c>FallbackToCpu</c>; says so in the log when it falls back.</summary>
    /// <exception cref="InvalidOperationException">There is no such GPU, and falling back to the CPU was not allowed.</exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded.</exception>
    public static TorchSharp.torch.Device SelectDevice(IHostEnvironment environment)
    {
        var settings = (IHostEnvironmentInternal)environment;
        using var channel = environment.Start("Device");
        return NativeBackend.SelectDevice(settings.GpuDeviceId, settings.FallbackToCpu, message => channel.Warning(MessageSensitivity.None, message));
    }

    /// <summary>The devices for a training: GPUs of the given numbers, or the one that the environment asks for.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="gpuDeviceIds">The option; <see langword="null"/>: the environment decides.</param>
    /// <returns>The GPUs, or, where one of them is missing and it may fall back, the CPU alone.</returns>
    /// <inheritdoc cref="SelectDevice"/>
    public static IReadOnlyList<TorchSharp.torch.Device> SelectDevices(IHostEnvironment environment, int[]? gpuDeviceIds)
    {
        if (gpuDeviceIds is null)
            return [SelectDevice(environment)];
        bool fallBack = ((IHostEnvironmentInternal)environment).FallbackToCpu;
        using var channel = environment.Start("Device");
        var devices = Array.ConvertAll(gpuDeviceIds, id => NativeBackend.SelectDevice(
            id, fallBack, message => channel.Warning(MessageSensitivity.None, message), "The option GpuDeviceIds"));
        return devices.FirstOrDefault(device => device.type == TorchSharp.DeviceType.CPU) is { } cpu ? [cpu] : devices;
    }

    /// <summary>Makes a model on the CPU and moves it to the device that the environment asks for.</summary>
    public static DiffEncModel PlaceModel(IHostEnvironment environment, Func<DiffEncModel> make)
    {
        var device = SelectDevice(environment);
        var model = make();
        try
        {
            model.To(device);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
