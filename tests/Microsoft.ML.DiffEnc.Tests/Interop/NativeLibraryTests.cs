using TorchSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

public class NativeLibraryTests
{
    [Fact]
    public void Torch_computes_on_this_host()
    {
        using torch.Tensor sum = torch.ones(2).sum();
        Assert.Equal(2f, sum.item<float>());
    }
}
