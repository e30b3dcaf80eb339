// Stand-ins of what others write; to be deleted when it is there.
namespace Microsoft.ML.DiffEnc.Diffusion
{
    internal sealed record ModelDescription(int Width, int Height, int Channels);

    internal readonly record struct Likelihood(float BitsPerDimension, float ReconstructionLoss, float LatentLoss, float DiffusionLoss, float StandardError);

    internal sealed class LikelihoodScorer(DiffEncModel model, int draws, int seed)
    {
        public void Score(ReadOnlySpan<byte> pixels, int count, Span<Likelihood> results)
        {
            int d = model.Description.Width * model.Description.Height * model.Description.Channels;
            for (int i = 0; i < count; i++)
            {
                double sum = 0, weighted = 0;
                for (int j = 0; j < d; j++)
                {
                    sum += pixels[i * d + j];
                    weighted += (j + 1.0) / d * pixels[i * d + j];
                }
                float latent = model.Scale, reconstruction = (float)(sum / d / 255), diffusion = (float)(weighted / d / 255) + seed * 1e-3f;
                results[i] = new(latent + reconstruction + diffusion, reconstruction, latent, diffusion, draws == 1 ? float.NaN : 0.01f);
            }
        }
    }

    internal static class Sampler
    {
        public static byte[] Generate(DiffEncModel model, int count, GenerationOptions options)
        {
            var bytes = new byte[count * model.Description.Width * model.Description.Height * model.Description.Channels];
            new Random(options.Seed ?? 0).NextBytes(bytes);
            return bytes;
        }
    }
}

namespace Microsoft.ML.DiffEnc
{
    /// <summary>Stand-in.</summary>
    public sealed class DiffEncModel : IDisposable
    {
        internal DiffEncModel(Diffusion.ModelDescription description, float scale) => (Description, Scale) = (description, scale);

        internal Diffusion.ModelDescription Description { get; }

        internal float Scale { get; }

        internal bool IsDisposed { get; private set; }

        /// <summary>Stand-in.</summary>
        public void Dispose() => IsDisposed = true;
    }
}

namespace Microsoft.ML.DiffEnc.Persistence
{
    using System.Text.Json;

    internal static class ModelFile
    {
        public static void WriteDescription(Stream stream, DiffEncModel model) => JsonSerializer.Serialize(stream, model.Description);

        public static void WriteWeights(Stream stream, DiffEncModel model)
        {
            byte[] header = System.Text.Encoding.UTF8.GetBytes("{\"scale\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}");
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(header);
            stream.Write(BitConverter.GetBytes(model.Scale));
        }

        public static DiffEncModel Read(Stream description, Stream weights)
        {
            var d = JsonSerializer.Deserialize<Diffusion.ModelDescription>(description)!;
            var bytes = new byte[8];
            weights.ReadExactly(bytes);
            weights.ReadExactly(new byte[BitConverter.ToInt64(bytes)]);
            weights.ReadExactly(bytes.AsSpan(0, 4));
            return new(d, BitConverter.ToSingle(bytes));
        }
    }
}
