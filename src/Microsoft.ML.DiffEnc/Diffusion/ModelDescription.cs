using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Networks;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>All that decides a model but its weights. It is stored, readable, beside them.</summary>
internal sealed record ModelDescription
{
    public required int Width { get; init; }
    public required int Height { get; init; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public required int Channels { get; init; }

    public Parameterization Parameterization { get; init; }
    public EncoderKind Encoder { get; init; }
    public required NetworkSize Denoiser { get; init; }

    /// <summary>Only with a trainable encoder.</summary>
    public NetworkSize? EncoderNetwork { get; init; }

    public EncoderLayout EncoderLayout { get; init; }
    public NoiseScheduleKind NoiseSchedule { get; init; }
    public double GammaMin { get; init; } = -13.3;
    public double GammaMax { get; init; } = 5;

    /// <summary>
    /// The number of classes that images may be conditioned on, 1..Classes; 0: none, and the conditioning is a number as in the authors' networks.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Classes { get; init; }

    /// <summary>d = C·H·W.</summary>
    public int Dimensions => Channels * Height * Width;

    /// <summary>Nats per image become bits per dimension when divided by this.</summary>
    public double NatsPerBitPerDimension => Dimensions * Math.Log(2);
}
