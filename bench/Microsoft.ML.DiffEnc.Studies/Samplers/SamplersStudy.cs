using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Samplers;

/// <summary>The figures of one sampler at one number of steps.</summary>
/// <param name="Sampler">Which; null: no sampler but held-out images, the best that there can be.</param>
/// <param name="Steps">T.</param>
/// <param name="Evaluations">Passes of the network for each image.</param>
/// <param name="Likelihood">What the model makes of the images.</param>
/// <param name="Distance">How far they are from held-out ones.</param>
internal sealed record SamplersRow(SamplerKind? Sampler, int Steps, int Evaluations, GenerativeMetrics Likelihood, SampleMetrics Distance);

/// <summary>Generates, scores and compares.</summary>
internal sealed class SamplersStudy(string path, int[] steps, int samples, int reference, int seed, CancellationToken cancellation)
{
    public IReadOnlyList<SamplersRow> Run(string modelPath, int? gpu)
    {
        var ml = new MLContext(seed) { GpuDeviceId = gpu };
        using var model = DiffEncTransformer.FindIn(ml.Model.Load(modelPath, out _));
        byte[][] test = StudyImages.Load(ml, path, "t10k", reference + samples, []);
        // Every so many images one for the comparison of held-out ones among themselves.
        int every = test.Length / samples;
        var held = Images(ml, model, [.. test.Where((_, i) => i % every != 0)]);
        var rows = new List<SamplersRow> { Row(ml, model, null, 0, Images(ml, model, [.. test.Where((_, i) => i % every == 0).Take(samples)]), held) };
        AnsiConsole.Progress().Start(progress =>
        {
            var kinds = Enum.GetValues<SamplerKind>();
            var task = progress.AddTask("samplers", maxValue: kinds.Length * steps.Sum());
            foreach (var kind in kinds)
                foreach (int count in steps)
                {
                    var options = new GenerationOptions { Sampler = kind, Steps = count, Seed = seed, CancellationToken = cancellation };
                    rows.Add(Row(ml, model, kind, count, Generate(ml, model, options), held));
                    task.Increment(count);
                }
        });
        return rows;
    }

    private static SamplersRow Row(MLContext ml, DiffEncTransformer model, SamplerKind? kind, int steps, IDataView images, IDataView held)
    {
        int passes = kind is SamplerKind.Sde or SamplerKind.Ode ? 2 : 1;
        return new(kind, steps, steps * passes, ml.Generative().Evaluate(model.Transform(images)), ml.Generative().EvaluateSamples(model, images, held));
    }

    /// <summary>Generated images, made once and kept as bytes.</summary>
    private IDataView Generate(MLContext ml, DiffEncTransformer model, GenerationOptions options)
    {
        byte[] pixels = Sampler.Generate(model.Model, samples, options, seed, model.Grid);
        return Images(ml, model, [.. pixels.Chunk(model.Model.Description.Dimensions)]);
    }

    /// <summary>Images as a vector column of the name that the model reads.</summary>
    private static IDataView Images(MLContext ml, DiffEncTransformer model, byte[][] images)
    {
        var schema = SchemaDefinition.Create(typeof(Picture));
        var column = schema[nameof(Picture.Pixels)];
        column.ColumnName = model.ImageColumn.Name;
        column.ColumnType = new VectorDataViewType(NumberDataViewType.Byte, model.ImageColumn.ValuesPerImage);
        return ml.Data.LoadFromEnumerable(images.Select(pixels => new Picture { Pixels = pixels }), schema);
    }

    private sealed class Picture
    {
        public byte[] Pixels { get; set; } = [];
    }
}
