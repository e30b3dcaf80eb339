namespace Microsoft.ML.DiffEnc.Studies.Anomalies;

/// <summary>
/// The trainings of the study. What scores learn from is no part of a training. They are tried on images of the test set or, for whoever chooses
/// something by the results, on others that neither a training nor the test has.
/// </summary>
internal sealed class AnomalyCases(MLContext ml, AnomalyCounts counts, bool validation)
{
    // The last images of MNIST's training set are for the scores to learn from, and for validation.
    private const int TrainedOn = 50_000;

    private const int DigitSize = 28, ColourSize = 32;

    /// <summary>Ten classes in pairs: each of five models has not seen two of them, and takes its place as the seed.</summary>
    /// <param name="folder">MNIST's files, or others of their form.</param>
    /// <param name="seed">1..5.</param>
    public AnomalyCase LeftOut(string folder, int seed)
    {
        uint[] left = [(uint)(2 * seed - 2), (uint)(2 * seed - 1)];
        var (training, normal, held, odd) = Digits(folder, r => !left.Contains(r.Label));
        return new($"left-out-{left[0]}{left[1]}", seed, DigitSize, 1, training, normal, held,
        [
            .. left.Select(c => ("left-out class", odd.Where(r => r.Label == c).Select(r => r.Image).Take(counts.LeftOut).ToArray())),
            .. Odd(held, new Random(seed), DigitSize),
        ]);
    }

    /// <summary>One digit is normal, the nine others are not; of each of them there are as many.</summary>
    /// <param name="folder">MNIST's files, or others of their form.</param>
    /// <param name="digit">The label of the normal images.</param>
    /// <param name="seed">Of the training.</param>
    public AnomalyCase OneClass(string folder, uint digit, int seed)
    {
        var (training, normal, held, odd) = Digits(folder, r => r.Label == digit);
        byte[][] others = [.. odd.GroupBy(r => r.Label).SelectMany(c => c.Take(counts.LeftOut)).Select(r => r.Image)];
        return new($"one-class-{digit}-seed-{seed}", seed, DigitSize, 1, training, normal, held, [($"{digit}", others)]);
    }

    /// <summary>CIFAR-10 is normal, MNIST in its middle is not. Validation takes the last images of the test set, and the test the first.</summary>
    public AnomalyCase Colour(string folder, string[] train, string[] test, int seed)
    {
        byte[][] normal = [.. Rows(ml.Data.LoadFromCifar10(train)).Select(r => r.Image)];
        byte[][] held = [.. Rows(ml.Data.LoadFromCifar10(test)).Select(r => r.Image)];
        if (validation)
            Array.Reverse(held);
        byte[][] digits = [.. Rows(StudyImages.View(ml, folder, validation ? "train" : "t10k")).Take(counts.LeftOut).Select(r => Oddities.AsColour(r.Image, DigitSize, ColourSize))];
        byte[][] tried = [.. held.Skip(counts.Normal).Take(counts.Held)];
        return new($"colour-{seed}", seed, ColourSize, 3, normal, [.. held.Take(counts.Normal)], tried,
            [("MNIST as colour", digits), .. Odd(tried, new Random(seed), ColourSize)]);
    }

    /// <summary>Normal digits to train on, to learn from and to be tried on, and all odd ones that scores may be tried on.</summary>
    private (byte[][] Training, byte[][] Normal, byte[][] Held, Row[] Odd) Digits(string folder, Func<Row, bool> isNormal)
    {
        Row[] train = Rows(StudyImages.View(ml, folder, "train")), further = train[TrainedOn..];
        Row[] normal = [.. further.Where(isNormal).Take(counts.Normal)];
        Row[] tried = validation ? [.. further.Except(normal)] : Rows(StudyImages.View(ml, folder, "t10k"));
        byte[][] Images(IEnumerable<Row> rows) => [.. rows.Where(isNormal).Select(r => r.Image)];
        return (Images(train[..TrainedOn]), Images(normal), [.. Images(tried).Take(counts.Held)], [.. tried.Where(r => !isNormal(r))]);
    }

    private IEnumerable<(string, byte[][])> Odd(byte[][] held, Random random, int size)
    {
        byte[][] some = [.. held.Take(counts.Odd)];
        yield return ("noise", [.. some.Select(i => Oddities.Noise(random, i.Length))]);
        yield return ("blank", [.. some.Select(i => Oddities.Blank(random, i.Length))]);
        yield return ("inverted", [.. some.Select(Oddities.Inverted)]);
        yield return ("blurred", [.. some.Select(i => Oddities.Blurred(i, size, size))]);
    }

    private Row[] Rows(IDataView view) => [.. ml.Data.CreateEnumerable<Row>(view, reuseRowObject: false)];

    private sealed class Row
    {
        public byte[] Image { get; set; } = [];

        public uint Label { get; set; }
    }
}

/// <summary>How many images of each sort are used.</summary>
/// <param name="Normal">From which scores learn.</param>
/// <param name="Held">Normal ones that scores are tried on.</param>
/// <param name="LeftOut">Of each left-out class, or of the other data set.</param>
/// <param name="Odd">Of each other kind.</param>
internal sealed record AnomalyCounts(int Normal, int Held, int LeftOut, int Odd);
