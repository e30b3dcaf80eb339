namespace Microsoft.ML.DiffEnc.Studies;

/// <summary>The small models that studies are made with.</summary>
internal static class StudyModel
{
    /// <summary>The model of a file or, where there is no such file, one of the preset <c>Tiny</c> that is trained without labels and saved there.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="file">The file of an ML.NET model with a DiffEnc transformer in it.</param>
    /// <param name="images">What it is trained on, in the column <c>Image</c>.</param>
    /// <param name="size">The images' width, height and channels.</param>
    /// <param name="steps">Of the training.</param>
    /// <param name="seed">Of the training.</param>
    /// <param name="cancellation">Ends the training.</param>
    public static DiffEncTransformer LoadOrTrain(
        MLContext ml, string file, IDataView images, (int Width, int Height, int Channels) size, int steps, int seed, CancellationToken cancellation)
    {
        if (File.Exists(file))
            return DiffEncTransformer.FindIn(ml.Model.Load(file, out _));
        var model = ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            Width = size.Width,
            Height = size.Height,
            Channels = size.Channels,
            Preset = DiffEncPreset.Tiny,
            Steps = steps,
            Seed = seed,
            CancellationToken = cancellation,
        }).Fit(images);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        ml.Model.Save(model, images.Schema, file);
        return model;
    }
}
