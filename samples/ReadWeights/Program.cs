using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.Transforms.Image;
using ReadWeights;

// dotnet run --project samples/ReadWeights -c Release [-- model.zip [folder]]
// Writes weights.safetensors and reference.json for read_weights.py: of the given model, or of one that is trained here for a few seconds.
var ml = new MLContext(seed: 1);
using DiffEncTransformer transformer = args.Length > 0 ? DiffEncTransformer.FindIn(ml.Model.Load(args[0], out _)) : SmallModel.Train(ml);
string folder = args.Length > 1 ? args[1] : Path.Combine("out", "read-weights");
Directory.CreateDirectory(folder);

string weights = Path.Combine(folder, "weights.safetensors"), reference = Path.Combine(folder, "reference.json");
transformer.Model.SaveSafetensors(weights);
var size = (ImageDataViewType)transformer.GenerateAsDataView(1).Schema["Image"].Type;
ReferenceOutputs.Write(reference, transformer.Model, size.Width, size.Height);
Console.WriteLine($"Wrote {weights} and {reference}. Now: python3 samples/ReadWeights/read_weights.py {folder}");
