using Microsoft.ML.DiffEnc.Interop;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

public class LoadFailureTests
{
    // What .NET 10 says on Debian 12: every name it tried, the real reason among them.
    private const string TooOld = """
        Unable to load shared library 'LibTorchSharp' or one of its dependencies.
        /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)
        /app/LibTorchSharp.so: cannot open shared object file: No such file or directory
        libLibTorchSharp.so: cannot open shared object file: No such file or directory
        """;

    [Theory]
    [InlineData(TooOld, "libLibTorchSharp.so asks for GLIBCXX_3.4.32", "DiffEncLoadableTorch")]
    [InlineData("/lib/libc.so.6: version `GLIBC_2.28' not found (required by /app/libtorch_cpu.so)",
        "libtorch_cpu.so asks for GLIBC_2.28", "newer system")]
    [InlineData("libgomp.so.1: cannot open shared object file: No such file or directory\nlibLibTorchSharp.so: cannot open shared object file",
        "libgomp.so.1", "apt-get install libgomp1")]
    [InlineData("libLibTorchSharp.so: cannot open shared object file\nlibcudart.so.13: cannot open shared object file",
        "libcudart.so.13", "LD_LIBRARY_PATH")]
    [InlineData("/app/libLibTorchSharp.so: undefined symbol: _ZN2at3abcE", "lacks '_ZN2at3abcE'", "libtorch 2.10")]
    [InlineData("something new", "something new", "cannot be loaded")]
    public void Message_names_the_cause_and_the_cure(string loaderMessage, string cause, string cure)
    {
        string message = LoadFailure.Explain(loaderMessage, supportedPlatform: true, hasTorchSharp: true, hasLibTorch: true);
        Assert.Contains(cause, message, StringComparison.Ordinal);
        Assert.Contains(cure, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false, false, "linux-x64")]
    [InlineData(true, false, false, "native half of TorchSharp")]
    [InlineData(true, true, false, "TorchSharp-cpu")]
    public void What_is_absent_goes_before_what_the_loader_says(bool supportedPlatform, bool hasTorchSharp, bool hasLibTorch, string cure) =>
        Assert.Contains(cure, LoadFailure.Explain(TooOld, supportedPlatform, hasTorchSharp, hasLibTorch), StringComparison.Ordinal);
}
