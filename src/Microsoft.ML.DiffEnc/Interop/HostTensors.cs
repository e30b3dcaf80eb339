using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Tensors that are made on the host for a computation elsewhere.</summary>
internal static class HostTensors
{
    /// <summary>Brings a tensor to a device: to a GPU from pinned memory and without waiting, as it may be busy with the step before.</summary>
    public static Tensor BroughtTo(this Tensor onHost, Device device)
        => device.type == DeviceType.CUDA ? onHost.pin_memory().to(device, non_blocking: true) : onHost.to(device);
}
