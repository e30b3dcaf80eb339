using System.Text;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>What ML.NET hides of its model files: the header of a component, and entries of the zip with names of their own.</summary>
internal static class ModelEntries
{
    private const string HashSuffix = ".sha256";

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

    /// <summary>Writes an entry beside the component's data, and its hash: ML.NET reads zip files without looking at their checksums.</summary>
    public static void Write(ModelSaveContext ctx, string name, Action<Stream> write)
    {
        string hash = "";
        ctx.SaveBinaryStream(name, writer =>
        {
            using var stream = new HashedStream(writer.BaseStream);
            write(stream);
            hash = stream.Finish();
        });
        ctx.SaveBinaryStream(name + HashSuffix, writer => writer.BaseStream.Write(Encoding.ASCII.GetBytes(hash)));
    }

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
            string hash = "";
            bool isThere = ctx.TryLoadBinaryStream(name, reader =>
            {
                using var stream = new HashedStream(reader.BaseStream);
                found = read(stream);
                hash = stream.Finish();
            });
            if (isThere)
                CheckHash(ctx, name, hash);
            result = found;
            return isThere;
        }
        catch (InvalidDataException e)
        {
            (found as IDisposable)?.Dispose();
            throw new InvalidDataException($"The entry '{name}' of the model file, in '{ctx.Directory}': {e.Message}", e);
        }
    }

    /// <exception cref="InvalidDataException">The entry is not what was written. Files from before there were hashes have none.</exception>
    private static void CheckHash(ModelLoadContext ctx, string name, string found)
    {
        string written = found;
        ctx.TryLoadBinaryStream(name + HashSuffix, reader =>
        {
            using var text = new StreamReader(reader.BaseStream, Encoding.ASCII, leaveOpen: true);
            written = text.ReadToEnd();
        });
        if (written != found)
            throw new InvalidDataException("it is damaged: its content does not have the hash that was saved with it. Copy the file again, or save the model again.");
    }
}
