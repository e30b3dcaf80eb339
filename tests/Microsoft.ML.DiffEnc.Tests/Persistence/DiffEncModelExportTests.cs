using System.Text;
using System.Text.Json;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Persistence;

public sealed class DiffEncModelExportTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-export-");

    private string File => Path.Combine(_folder.FullName, "weights.safetensors");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(EncoderKind.Trainable, NoiseScheduleKind.FixedLinear)]
    [InlineData(EncoderKind.None, NoiseScheduleKind.Monotone)]
    [InlineData(EncoderKind.NonTrainable, NoiseScheduleKind.TrainedEndPoints)]
    public void Weights_come_back_exactly_with_the_description(EncoderKind encoder, NoiseScheduleKind schedule)
    {
        using var model = Models.Create(Models.Describe(encoder) with { NoiseSchedule = schedule }, dtype: float32);
        model.SaveSafetensors(File);
        using var loaded = _ml.Generative().LoadSafetensors(File, "Picture");
        Assert.Equal(model.Description, loaded.Model.Description);
        Assert.Equal("Picture", loaded.Settings.InputColumnName);
        Assert.Equal(model.NamedParameters.Keys.Order(), loaded.Model.NamedParameters.Keys.Order());
        Assert.All(model.NamedParameters, p => Assert.True(p.Value.equal(loaded.Model.NamedParameters[p.Key]).all().item<bool>(), p.Key));
    }

    [Fact]
    public void The_file_is_in_single_precision_and_says_what_it_is()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable));
        model.SaveSafetensors(File);
        using var stream = System.IO.File.OpenRead(File);
        using var content = Safetensors.Read(stream);
        Assert.All(content.Tensors.Values, tensor => Assert.Equal(float32, tensor.dtype));
        using var description = JsonDocument.Parse(content.Metadata["model"]);
        Assert.Equal("Microsoft.ML.DiffEnc model", description.RootElement.GetProperty("format").GetString());
        Assert.Equal(1, description.RootElement.GetProperty("version").GetInt32());
        Assert.Equal(8, description.RootElement.GetProperty("model").GetProperty("width").GetInt32());
    }

    [Fact]
    public void Files_without_a_description_or_with_a_newer_one_are_refused_by_name()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        void Refused(string says, Action<Stream> write)
        {
            WholeFile.Write(File, write);
            string message = Assert.Throws<InvalidDataException>(() => _ml.Generative().LoadSafetensors(File, "Image")).Message;
            Assert.Contains($"'{File}'", message, StringComparison.Ordinal);
            Assert.Contains(says, message, StringComparison.Ordinal);
        }
        Refused("SaveSafetensors", stream => ModelFile.WriteWeights(stream, model));
        string description = Encoding.UTF8.GetString(ModelFile.Describe(model.Description));
        void Described(Stream stream, string text)
            => Safetensors.Write(stream, model.NamedParameters, new Dictionary<string, string> { ["model"] = text });
        string newer = description.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal);
        Refused("Install a newer version", stream => Described(stream, newer));
        Refused("do not fit", stream => Described(stream, description.Replace("\"channels\": 1", "\"channels\": 3", StringComparison.Ordinal)));
        Refused("safetensors", stream => stream.Write([1, 2, 3]));
        Assert.ThrowsAny<IOException>(() => _ml.Generative().LoadSafetensors(File + ".none", "Image"));
    }

    [Fact]
    public void A_save_that_fails_leaves_the_file_that_was_there()
    {
        var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        model.SaveSafetensors(File);
        byte[] before = System.IO.File.ReadAllBytes(File);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.SaveSafetensors(File));
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
        Assert.Equal([File], Directory.GetFiles(_folder.FullName));
    }
}
