namespace Microsoft.ML.DiffEnc.Benchmarks.Cases;

/// <summary>How a side computes, written as words joined by +, such as kept-memory+bfloat16.</summary>
/// <param name="Name">As written.</param>
/// <param name="Precision">The arithmetic of training.</param>
/// <param name="KeepMemory">Whether freed memory is kept (<see cref="TorchMemory.KeepFreed"/>): ours only.</param>
/// <param name="Compile">Whether torch.compile is used: the peer only.</param>
internal sealed record Variant(string Name, TrainingPrecision Precision, bool KeepMemory, bool Compile)
{
    public const string Plain = "float32", Words = "float32, tf32, bfloat16, kept-memory";

    /// <summary>Reads a variant of ours.</summary>
    /// <exception cref="FormatException">There is no such variant.</exception>
    public static Variant Ours(string text)
    {
        var variant = Read(text);
        return !variant.Compile ? variant : throw new FormatException($"'{text}' is no variant of ours: compile is the peer's. Expected {Words}, or several joined by +.");
    }

    /// <summary>Reads a variant of the peer.</summary>
    /// <exception cref="FormatException">There is no such variant.</exception>
    public static Variant Peer(string text)
    {
        var variant = Read(text);
        return !variant.KeepMemory
            ? variant
            : throw new FormatException($"'{text}' is no variant of the peer: kept-memory is ours. Expected float32, tf32, bfloat16, compile, or several joined by +.");
    }

    private static Variant Read(string text)
    {
        var variant = new Variant(text, TrainingPrecision.Float32, false, false);
        foreach (string word in text.Split('+'))
        {
            variant = word switch
            {
                Plain => variant,
                "tf32" => variant with { Precision = TrainingPrecision.TensorFloat32 },
                "bfloat16" => variant with { Precision = TrainingPrecision.BFloat16 },
                "kept-memory" => variant with { KeepMemory = true },
                "compile" => variant with { Compile = true },
                _ => throw new FormatException($"There is no variant '{word}'. Ours: {Words}; the peer's: float32, tf32, bfloat16, compile; or several joined by +."),
            };
        }
        return variant;
    }
}
