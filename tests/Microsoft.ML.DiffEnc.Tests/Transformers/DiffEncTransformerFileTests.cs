using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers;

public sealed class DiffEncTransformerFileTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _transformer;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-model-");

    public DiffEncTransformerFileTests() => _transformer = Scoring.Transformer(_ml);

    public void Dispose()
    {
        _transformer.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void A_chain_with_stock_transforms_before_and_after_scores_the_same_after_loading()
    {
        (string file, IDataView data, float[] expected) = SaveChain();
        var ml = new MLContext();
        ITransformer loaded = ml.Model.Load(file, out _);
        Assert.Equal(expected, loaded.Transform(data).GetColumn<float>("Anomaly"));
        using PredictionEngine<ImageRow, AnomalyRow> engine = ml.Model.CreatePredictionEngine<ImageRow, AnomalyRow>(loaded);
        Assert.Equal(expected, Pictures.ImageRows(5).Select(row => engine.Predict(row).Anomaly));
    }

    [Fact]
    public void A_transformer_of_its_own_is_saved_and_loaded_with_its_settings()
    {
        using DiffEncTransformer original = Scoring.Transformer(_ml, channels: 3,
            new("Some column, ünusual", PixelLayout.Interleaved, Draws: 3, TimesPerDraw: 5, Seed: -11));
        string file = Path.Combine(_folder.FullName, "model.zip");
        _ml.Model.Save(original, null, file);
        using DiffEncTransformer loaded = DiffEncTransformer.FindIn(new MLContext().Model.Load(file, out _));
        Assert.Equal(original.Settings, loaded.Settings);
        Assert.Equal(original.Model.Description, loaded.Model.Description);
        Assert.Equal(original.ImageColumn, loaded.ImageColumn);
    }

    [Fact]
    public void The_file_holds_readable_JSON_and_safetensors()
    {
        using ZipArchive zip = ZipFile.OpenRead(SaveChain().File);
        JsonElement scoring = Json(Entry(zip, "Scoring.json"));
        Assert.Equal("Image", scoring.GetProperty("inputColumnName").GetString());
        Assert.Equal("ChannelsFirst", scoring.GetProperty("pixelLayout").GetString());
        Assert.Equal([2, 4, 7], new[] { "draws", "timesPerDraw", "seed" }.Select(name => scoring.GetProperty(name).GetInt32()));
        Assert.Equal(JsonValueKind.Object, Json(Entry(zip, "Model.json")).ValueKind);

        byte[] weights = Bytes(Entry(zip, "Weights.safetensors"));
        JsonElement header = JsonDocument.Parse(weights.AsMemory(8, (int)BitConverter.ToInt64(weights))).RootElement;
        string[] names = [.. header.EnumerateObject().Select(p => p.Name).Where(n => n != "__metadata__").Order(StringComparer.Ordinal)];
        Assert.Equal(_transformer.Model.NamedParameters.Keys.Order(StringComparer.Ordinal), names);
    }

    [Theory]
    [InlineData("Scoring.json")]
    [InlineData("Model.json")]
    [InlineData("Weights.safetensors")]
    public void A_missing_entry_is_named(string entry) => RefusedAfter(zip => Entry(zip, entry).Delete(), "incomplete", $"'{entry}'");

    [Theory]
    [InlineData("\"draws\": 2", "\"draws\": 0", "0 draws")]
    [InlineData("\"draws\": 2", "\"draws\": \"many\"", "draws")]
    [InlineData("\"draws\": 2,", "", "draws")]
    [InlineData("\"draws\": 2", "\"rolls\": 2", "rolls")]
    [InlineData("\"ChannelsFirst\"", "\"Diagonal\"", "pixelLayout")]
    [InlineData("\"Image\"", "\"\"", "inputColumnName")]
    [InlineData("\"Image\"", "null", "inputColumnName")]
    [InlineData("{", "[", "scoring settings")]
    [InlineData("\"draws\": 2", "\"draws\": 2, \"grid\": { \"times\": [0, 2], \"weights\": [1] }", "from 0 to 2; expected from 0 to 1")]
    public void Bad_scoring_settings_are_refused(string from, string to, string word)
        => RefusedAfter(zip => Replace(zip, "Scoring.json", text => text.Replace(from, to, StringComparison.Ordinal)), "scoring settings", word);

    [Fact]
    public void A_weight_that_has_changed_in_the_file_is_noticed_and_files_without_hashes_load()
    {
        RefusedAfter(zip => Flip(zip, "Weights.safetensors", fromEnd: 100), "'Weights.safetensors'", "is damaged", "hash");
        RefusedAfter(zip => Replace(zip, "Scoring.json", text => text.Replace("7", "8", StringComparison.Ordinal)), "'Scoring.json'", "is damaged");

        var (file, data, expected) = SaveChain();
        using (ZipArchive zip = ZipFile.Open(file, ZipArchiveMode.Update))
            foreach (var entry in zip.Entries.Where(e => e.FullName.EndsWith(".sha256", StringComparison.Ordinal)).ToArray())
                entry.Delete();
        Assert.Equal(expected, new MLContext().Model.Load(file, out _).Transform(data).GetColumn<float>("Anomaly"));
    }

    [Fact]
    public void A_file_with_a_changed_byte_is_refused_or_scores_as_before()
    {
        var (file, data, expected) = SaveChain();
        byte[] sound = File.ReadAllBytes(file);
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 40; i++)
        {
            byte[] damaged = [.. sound];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 + random.Next(255));
            try
            {
                ITransformer loaded = new MLContext().Model.Load(new MemoryStream(damaged), out _);
                Assert.Equal(expected, loaded.Transform(data).GetColumn<float>("Anomaly"));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                refused++;
            }
        }
        Assert.True(refused > 20, $"Only {refused} were refused.");
    }

    [Fact]
    public void Saving_a_disposed_transformer_is_refused()
    {
        _transformer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _ml.Model.Save(_transformer, null, new MemoryStream()));
    }

    private (string File, IDataView Data, float[] Expected) SaveChain()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Pictures.ImageRows(5));
        var before = _ml.Transforms.ResizeImages("Image", 8, 8).Fit(data);
        IDataView scored = _transformer.Transform(before.Transform(data));
        var chain = new TransformerChain<ITransformer>(before, _transformer, _ml.Transforms.CopyColumns("Anomaly", "Score").Fit(scored));
        string file = Path.Combine(_folder.FullName, "chain.zip");
        _ml.Model.Save(chain, data.Schema, file);
        return (file, data, [.. chain.Transform(data).GetColumn<float>("Anomaly")]);
    }

    private void RefusedAfter(Action<ZipArchive> damage, params string[] words)
    {
        string file = SaveChain().File;
        using (ZipArchive zip = ZipFile.Open(file, ZipArchiveMode.Update))
            damage(zip);
        Exception error = Assert.ThrowsAny<Exception>(() => new MLContext().Model.Load(file, out _));
        Assert.All(words, word => Assert.Contains(word, error.ToString(), StringComparison.Ordinal));
    }

    private static ZipArchiveEntry Entry(ZipArchive zip, string name) => Assert.Single(zip.Entries, e => e.FullName.Split('/', '\\')[^1] == name);

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static JsonElement Json(ZipArchiveEntry entry) => JsonDocument.Parse(Bytes(entry)).RootElement;

    private static void Flip(ZipArchive zip, string name, int fromEnd)
    {
        ZipArchiveEntry entry = Entry(zip, name);
        byte[] bytes = Bytes(entry);
        bytes[^fromEnd] ^= 1;
        using Stream stream = entry.Open();
        stream.Write(bytes);
    }

    private static void Replace(ZipArchive zip, string name, Func<string, string> change)
    {
        ZipArchiveEntry entry = Entry(zip, name);
        string text = Encoding.UTF8.GetString(Bytes(entry)), changed = change(text);
        Assert.NotEqual(text, changed);
        using Stream stream = entry.Open();
        stream.SetLength(0);
        stream.Write(Encoding.UTF8.GetBytes(changed));
    }

    private sealed class AnomalyRow
    {
        public float Anomaly { get; set; }
    }
}
