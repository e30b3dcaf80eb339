using Microsoft.ML.DiffEnc.Persistence;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Persistence;

public sealed class WholeFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("diffenc-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_that_fails_half_way_leaves_the_old_one_and_nothing_beside_it()
    {
        string path = Path.Combine(_folder, "report.json");
        WholeFile.Write(path, stream => stream.Write("old"u8));
        Assert.Throws<IOException>(() => WholeFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new IOException("disk full");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }
}
