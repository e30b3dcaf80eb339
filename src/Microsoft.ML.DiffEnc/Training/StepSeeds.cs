using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>What a training draws randomness for. The numbers decide the draws: never to be changed.</summary>
internal enum DrawPurpose
{
    Order = 0,
    Noise = 1,
    Dropout = 2,
    Labels = 3,
}

/// <summary>The seeds of a training's draws: functions of its seed, the purpose and, where it is for one step, the step.</summary>
internal readonly record struct StepSeeds(int Seed)
{
    public ulong Of(DrawPurpose purpose, int step = 0) => Seeds.Mix((ulong)Seed, (ulong)purpose, (ulong)step);
}
