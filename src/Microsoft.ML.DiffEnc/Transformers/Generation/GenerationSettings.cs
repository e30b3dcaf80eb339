namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>What a <see cref="GenerationTransformer"/> keeps besides the model.</summary>
/// <param name="OutputColumnName">The column of images that is added.</param>
/// <param name="SeedColumnName">The column of whole numbers that decide the images; <see langword="null"/>: the rows' own.</param>
/// <param name="ClassColumnName">The column of classes; <see langword="null"/>: all images are made alike.</param>
/// <param name="Generation">How images are made.</param>
internal sealed record GenerationSettings(
    string OutputColumnName, string? SeedColumnName, string? ClassColumnName, StoredGeneration Generation)
{
    public void Write(Stream stream) => SettingsJson.Write(stream, this);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type, or does not fit the model.</exception>
    public static GenerationSettings Read(Stream stream, DiffEncTransformer model)
        => SettingsJson.Read<GenerationSettings>(stream, "generation", s =>
        {
            CheckNames(s.OutputColumnName, s.SeedColumnName, s.ClassColumnName);
            GenerationCheck.Resolve(s.Generation.ToOptions(), model, s.ClassColumnName);
        });

    /// <exception cref="ArgumentException">A name is empty.</exception>
    public static void CheckNames(string outputColumnName, string? seedColumnName, string? classColumnName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(outputColumnName);
        if (seedColumnName is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(seedColumnName);
        if (classColumnName is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(classColumnName);
    }
}
