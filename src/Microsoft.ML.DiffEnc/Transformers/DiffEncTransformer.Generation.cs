using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers.Generation;

namespace Microsoft.ML.DiffEnc;

/// <content>Images drawn from the model.</content>
public sealed partial class DiffEncTransformer
{
    /// <summary>Generates images.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The images, which belong to the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token in the options.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IReadOnlyList<MLImage> Generate(int count, GenerationOptions? options = null)
    {
        options = Checked(options, count);
        int most = Array.MaxLength / ImageColumn.ValuesPerImage;
        if (count > most)
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"At most {most} images of this size can be generated at once; read more by {nameof(GenerateAsDataView)}.");
        byte[] pixels;
        lock (_shared.Network)
        {
            ThrowIfDisposed();
            pixels = Sampler.Generate(Model, count, options, options.Seed ?? Settings.Seed, Grid);
        }
        return MLImages.FromPixels(pixels, count, ImageColumn.Width, ImageColumn.Height, ImageColumn.Channels);
    }

    /// <summary>
    /// Images as a data view with the columns <c>Index</c> (<see cref="long"/>, from 0) and, under the name of the column that this transformer
    /// reads images from, an <see cref="MLImage"/>: the pixels that <see cref="Generate"/> gives, made as rows are read, up to 64 at a time, and not
    /// kept. So there may be any number of them; every cursor that reads images makes them anew, the same ones.
    /// </summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="options">How; null for the defaults. Later changes to it have no effect.</param>
    /// <returns>A view that needs the transformer: reading images after <see cref="Dispose"/> throws <see cref="ObjectDisposedException"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView GenerateAsDataView(int count, GenerationOptions? options = null)
    {
        options = Checked(options, count);
        ThrowIfDisposed();
        return GeneratedImages.View(this, count, options);
    }

    /// <summary>The images of one pass of a generation, however many threads ask.</summary>
    /// <inheritdoc cref="Sampler.GeneratePass"/>
    internal byte[] GeneratePass(int first, int count, GenerationOptions options)
        => Compute(model => Sampler.GeneratePass(model, first, count, options, options.Seed ?? Settings.Seed, Grid));

    /// <summary>A copy of the options, which later changes to them do not reach.</summary>
    private GenerationOptions Checked(GenerationOptions? options, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return GenerationCheck.Resolve(options ?? new GenerationOptions(), this);
    }
}
