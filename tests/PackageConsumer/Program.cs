using System.Reflection;
using Microsoft.ML;
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

    case ["model", var path]:
        ITransformer model = new MLContext().Model.Load(path, out DataViewSchema schema);
        Console.WriteLine($"columns {string.Join(' ', model.GetOutputSchema(schema).Select(column => column.Name))}");
        break;

    default:
        Console.Error.WriteLine("usage: PackageConsumer torch | load | model FILE");
        return 2;
}
return 0;
