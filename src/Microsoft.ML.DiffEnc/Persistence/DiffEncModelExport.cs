using Microsoft.ML.DiffEnc.Persistence;

namespace Microsoft.ML.DiffEnc;

/// <summary>Writes models for other programs, PyTorch above all.</summary>
public static class DiffEncModelExport
{
    /// <summary>
    /// Saves the weights that score and generate (the averaged ones) as a safetensors file, in single precision, under the names and in the
    /// layouts of <see cref="DiffEncModel.NamedParameters"/>, which are PyTorch's. Its metadata hold <c>model</c>, a JSON text with format,
    /// version and the description of the model; so the file is a whole model. <c>docs/weights.md</c> lists all names.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file. It appears when it is whole, in place of one that was there.</param>
    /// <exception cref="IOException">The file cannot be written; one that was there is unchanged.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    /// <seealso cref="GenerativeCatalog.LoadSafetensors"/>
    public static void SaveSafetensors(this DiffEncModel model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        WholeFile.Write(path, file => ModelFile.WriteWithDescription(file, model));
    }
}
