namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>What ML.NET hides of its model files: the header of a component, and entries of the zip with names of their own.</summary>
internal static class ModelEntries
{
    /// <summary>Describes a component of ours to ML.NET.</summary>
    /// <param name="modelSignature">Exactly 8 characters, written at the head of the component's data.</param>
    /// <param name="loaderSignature">At most 24 ASCII characters, by which the loader is found.</param>
    /// <param name="version">The version of the format that is written, major in the upper 16 bits.</param>
    /// <param name="readableFrom">The oldest version of this code's format that can read what is written.</param>
    /// <param name="readsBackTo">The oldest version of the format that this code can read.</param>
    public static VersionInfo Version(string modelSignature, string loaderSignature, uint version, uint readableFrom, uint readsBackTo)
        => new(
            modelSignature: modelSignature,
            verWrittenCur: version,
            verReadableCur: readableFrom,
            verWeCanReadBack: readsBackTo,
            loaderSignature: loaderSignature,
            // The simple name: the full one would tie the model to one version of the assembly.
            loaderAssemblyName: typeof(ModelEntries).Assembly.GetName().Name);

    /// <summary>Starts the data of a component.</summary>
    public static void Begin(ModelSaveContext ctx, VersionInfo version)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(version);
    }

    /// <summary>Writes an entry beside the component's data.</summary>
    public static void Write(ModelSaveContext ctx, string name, Action<Stream> write)
        => ctx.SaveBinaryStream(name, writer => write(writer.BaseStream));

    /// <summary>Reads an entry that <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">There is no such entry, or it is damaged.</exception>
    public static T Read<T>(ModelLoadContext ctx, string name, Func<Stream, T> read)
        => TryRead(ctx, name, read, out T result)
            ? result
            : throw new InvalidDataException($"The model file is incomplete: it has no entry '{name}' in '{ctx.Directory}'. Save the model again.");

    /// <summary>Reads an entry that <see cref="Write"/> has written, where there is one.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static bool TryRead<T>(ModelLoadContext ctx, string name, Func<Stream, T> read, out T result)
    {
        T found = default!;
        try
        {
            bool isThere = ctx.TryLoadBinaryStream(name, reader => found = read(reader.BaseStream));
            result = found;
            return isThere;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"The entry '{name}' of the model file, in '{ctx.Directory}': {e.Message}", e);
        }
    }
}
