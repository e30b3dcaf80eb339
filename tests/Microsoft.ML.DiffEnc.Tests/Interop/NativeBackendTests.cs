using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

public class NativeBackendTests
{
    [Fact]
    public void Torch_computes_on_this_host_after_loading_from_several_threads()
    {
        Parallel.For(0, 4, _ => NativeBackend.EnsureLoaded());
        using torch.Tensor sum = torch.ones(2).sum();
        Assert.Equal(2f, sum.item<float>());
    }

    [Fact]
    public void Device_is_the_CPU_when_no_GPU_is_asked_for() =>
        Assert.Equal(DeviceType.CPU, NativeBackend.SelectDevice(null, fallbackToCpu: false, message => Assert.Fail(message)).type);

    [Fact]
    public void Missing_GPU_is_refused_by_name_with_the_way_out()
    {
        var e = Assert.Throws<InvalidOperationException>(
            () => NativeBackend.SelectDevice(NoSuchGpu, fallbackToCpu: false, message => Assert.Fail(message)));
        Assert.StartsWith($"MLContext.GpuDeviceId is {NoSuchGpu}, but ", e.Message, StringComparison.Ordinal);
        Assert.Contains("FallbackToCpu", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_GPU_is_replaced_by_the_CPU_with_a_warning_when_fallback_is_allowed()
    {
        var warnings = new List<string>();
        Assert.Equal(DeviceType.CPU, NativeBackend.SelectDevice(NoSuchGpu, fallbackToCpu: true, warnings.Add).type);
        Assert.EndsWith("Running on the CPU instead.", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, false, "TorchSharp-cuda-linux")]
    [InlineData(0, 0, true, "nvidia-smi")]
    [InlineData(1, 1, true, "sees 1 CUDA device: expected 0.")]
    [InlineData(-1, 2, true, "sees 2 CUDA devices: expected 0 to 1.")]
    public void Reason_for_a_missing_GPU_fits_the_libtorch_and_the_machine(int asked, int devices, bool cudaBuild, string reason) =>
        Assert.Contains(reason, NativeBackend.ExplainMissingGpu(asked, devices, cudaBuild), StringComparison.Ordinal);

    [Fact]
    public void Present_GPU_needs_no_explanation() => Assert.Null(NativeBackend.ExplainMissingGpu(1, 2, cudaBuild: true));

    private const int NoSuchGpu = 97;
}
