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

    // A saved model knows what it needs: nothing is registered, nothing of the library is named.
    case ["score", var modelPath, var imagesPath, var scoresPath]:
        var ml = new MLContext();
        ITransformer model = ml.Model.Load(modelPath, out _);
        IDataView images = ml.Data.LoadFromTextFile(imagesPath, [new TextLoader.Column("Pixels", DataKind.Single, 0, 63)]);
        File.WriteAllLines(scoresPath, model.Transform(images).GetColumn<float>("Surprise").Select(score => score.ToString("R", CultureInfo.InvariantCulture)));
        break;

    default:
        Console.Error.WriteLine("usage: PackageConsumer torch | load | score MODEL IMAGES SCORES");
        return 2;
}
return 0;
