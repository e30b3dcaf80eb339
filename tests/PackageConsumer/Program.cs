using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

// What a program that consumes the package can do. One argument chooses; each prints what the test looks for.
switch (args)
{
    case ["torch"]:
        using (torch.Tensor sum = torch.arange(5).sum())
            Console.WriteLine($"sum {sum.item<long>()}");
        break;

    // What every entry of the library does first.
    case ["load"]:
        try
        {
            Assembly.Load("Microsoft.ML.DiffEnc").GetType("Microsoft.ML.DiffEnc.Interop.NativeBackend", throwOnError: true)!
                .GetMethod("EnsureLoaded")!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, null, null);
            Console.WriteLine($"sum {torch.arange(5).sum().item<long>()}");
        }
        catch (DllNotFoundException e)
        {
            Console.WriteLine($"refused {e.Message}");
        }
        break;

    // Saved models know what they need: nothing is registered, nothing of the library is named.
    case ["score", var imagesPath, var folder]:
        var ml = new MLContext();
        IDataView images = ml.Data.LoadFromTextFile(imagesPath, [new TextLoader.Column("Image", DataKind.Single, 1, 64)]);
        foreach (string path in Directory.GetFiles(folder, "*.zip"))
        {
            ITransformer model = ml.Model.Load(path, out _);
            File.WriteAllLines(
                Path.ChangeExtension(path, ".tsv"),
                model.Transform(images).GetColumn<float[]>("Values")
                    .Select(row => string.Join('\t', row.Select(value => value.ToString("R", CultureInfo.InvariantCulture)))));
        }
        break;

    default:
        Console.Error.WriteLine("usage: PackageConsumer torch | load | score IMAGES FOLDER_OF_MODELS");
        return 2;
}
return 0;
