using System.Globalization;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>Learns from normal images what is normal, and calibrates the threshold on them.</summary>
internal sealed class AnomalyEstimator : IEstimator<AnomalyTransformer>
{
    // Of all places of all calibration images, this share lies below the map's mid-grey.
    private const double MapShare = 0.999;

    // The losses' density and what they predict have a few dozen parameters that matter: what these do not need, calibrates.
    private const int EnoughBesideTheRemembered = 400;

    // Training images among those to calibrate on: so many, and this share of all, are no accident. The model remembers only some of its own.
    private const int LeastKnown = 3;
    private const double ShareKnown = 0.02;

    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly AnomalyOptions _options;
    private readonly ProfileDescription _profile;

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public AnomalyEstimator(IHostEnvironment env, DiffEncTransformer model, AnomalyOptions? options)
    {
        _host = env.Register(nameof(AnomalyEstimator));
        _model = model;
        _options = (options ?? new AnomalyOptions()).Copy();
        if (Problem(_options) is { } problem)
            throw new ArgumentException($"The option {problem}", nameof(options));
        _profile = _options.Profile(model.Settings.Seed);
    }

    /// <summary>
    /// Scores all images of <paramref name="input"/>, which should be normal, and none that the model was trained on. Scores that learn from normal
    /// images (all but the two of bits per dimension) learn from every second image, but from no more than 4,096, or than 400 where the model remembers
    /// others, and are calibrated on the rest.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="InvalidOperationException">There are too few images for the wanted false-positive rate, or one is missing or of another
    /// size; or their scores are no numbers.</exception>
    /// <exception cref="InvalidDataException">What the model remembers of its training is not of its own features.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public AnomalyTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var images = PixelTable.Load(_host, input, _model.ImageColumn, _options.CancellationToken);
        bool isFitted = AnomalyMeasures.IsFitted(_options.Score);
        var remembered = _options.UseTrainingImages && AnomalyMeasures.NeedsFeatures(_options.Score) ? _model.Model.TrainingImages : null;
        var (fitting, calibrating) = Split(images.Count, isFitted, remembered is null ? NearestNeighbours.MostPoints : EnoughBesideTheRemembered);
        CheckCount(images.Count, calibrating.Length, isFitted);

        var scorer = new AnomalyScorer(_model, _options.Score, _profile);
        if (remembered is not null && remembered.Space.Features != scorer.FeatureCount)
            throw new InvalidDataException(
                $"The model remembers {remembered.Space.Features} features of its training images; it has {scorer.FeatureCount}. " +
                "Its file is damaged, or of another version; set UseTrainingImages to false to do without them.");
        long places = (long)calibrating.Length * _model.ImageColumn.Width * _model.ImageColumn.Height;
        var maps = _options.AnomalyMapColumnName is null ? null : new LargestValues((int)(places - (long)((places - 1) * MapShare)));
        var told = new Told(_options.Progress, fitting.Length + calibrating.Length);
        AnomalyMeasures[] learned = [.. Measure(scorer, images, fitting, told)], calibrated = [.. Measure(scorer, images, calibrating, told, maps)];
        if (remembered is not null)
            WarnOfTrainingImages(learned.Concat(calibrated), images.Count, remembered);
        var norm = Learn(_options.Score, learned, remembered);
        float[] calibration = [.. calibrated.Select(m => (float)norm.ScoreAmongOthers(_options.Score, m)).Order()];
        CheckNumbers(calibration);
        var settings = new AnomalySettings(
            _options.Score,
            Threshold(calibration, _options.FalsePositiveRate),
            calibration,
            _options.AnomalyMapColumnName,
            _profile,
            norm,
            MapUnit(maps));
        return FreedUnlessBuilt.Build(_model.ConditionedOn(null), model => new AnomalyTransformer(_host, model, settings));
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        return AnomalyColumns.AppendTo(inputSchema, _options.AnomalyMapColumnName, _model.ImageColumn);
    }

    /// <summary>The score above which at most the wanted share of normal images lies: those whose p-value is at most
    /// <paramref name="rate"/>.</summary>
    internal static float Threshold(float[] calibration, double rate)
        => calibration[^Math.Min(calibration.Length, (int)Math.Floor(rate * (calibration.Length + 1) * (1 + 1e-12)))];

    /// <summary>What the score has to know of normal images.</summary>
    /// <param name="score">The score.</param>
    /// <param name="normal">What was measured of normal images.</param>
    /// <param name="remembered">The features of further ones; <see langword="null"/>: there are none.</param>
    internal static AnomalyNorm Learn(AnomalyScore score, AnomalyMeasures[] normal, NearestNeighbours? remembered)
    {
        if (!AnomalyMeasures.IsFitted(score))
            return new();
        if (score == AnomalyScore.Typicality)
            return new(TypicalBits: normal.Average(m => m.Bits));
        double[][] profiles = [.. normal.Select(m => m.Losses)];
        var losses = AnomalyMeasures.NeedsLosses(score) ? ShrunkGaussian.Fit(profiles.SelectMany(p => p).ToArray(), profiles[0].Length) : null;
        float[][] points = [.. normal.Select(m => m.Features)];
        var features = !AnomalyMeasures.NeedsFeatures(score) ? null
            : remembered is null ? NearestNeighbours.Fit(points)
            : remembered.With(points.Where(point => !remembered.Contains(point)));
        var usual = score == AnomalyScore.Profile
            ? UsualDistances.Fit(profiles, losses!, Array.ConvertAll(points, point => features!.DistanceToOthers(point)))
            : null;
        return new(losses, usual) { Features = features };
    }

    /// <summary>Half of the images, evenly spread, to learn from, or as many as are enough; and the others to calibrate on.</summary>
    private static (int[] Fitting, int[] Calibrating) Split(int images, bool isFitted, int enough)
    {
        int fitting = isFitted ? Math.Min((images + 1) / 2, enough) : 0;
        // Each of the first kind opens a stretch of equal length.
        var isFirst = new bool[images];
        for (int i = 0; i < fitting; i++)
            isFirst[(int)((long)i * images / fitting)] = true;
        int[] rows = [.. Enumerable.Range(0, images)];
        return ([.. rows.Where(r => isFirst[r])], [.. rows.Where(r => !isFirst[r])]);
    }

    /// <summary>Measures images of a table, a batch at a time.</summary>
    private IEnumerable<AnomalyMeasures> Measure(AnomalyScorer scorer, PixelTable images, int[] rows, Told told, LargestValues? maps = null)
    {
        int size = _model.ImageColumn.ValuesPerImage, places = _model.ImageColumn.Width * _model.ImageColumn.Height;
        foreach (int[] batch in rows.Chunk(_model.BatchSize))
        {
            var pixels = new byte[batch.Length * size];
            for (int i = 0; i < batch.Length; i++)
                images[batch[i]].CopyTo(pixels.AsSpan(i * size));
            var mapsOfBatch = new float[maps is null ? 0 : batch.Length * places];
            AnomalyMeasures[] measured = [.. scorer.Measure(pixels, batch.Length, mapsOfBatch)];
            told.Add(batch.Length);
            _options.CancellationToken.ThrowIfCancellationRequested();
            _host.CheckAlive();
            foreach (AnomalyMeasures measures in measured)
                yield return measures;
            maps?.Add(mapsOfBatch);
        }
    }

    private static double MapUnit(LargestValues? maps) => maps is null ? 1 : Math.Max(maps.Least, float.Epsilon);

    /// <summary>A model takes the images that it was trained on for more normal than others: a threshold from them is another one's.</summary>
    private void WarnOfTrainingImages(IEnumerable<AnomalyMeasures> measured, int images, NearestNeighbours remembered)
    {
        int known = measured.Count(m => remembered.Contains(m.Features));
        if (known < LeastKnown || known < ShareKnown * images)
            return;
        using var channel = _host.Start("Calibration");
        channel.Warning(
            $"Of the {images} normal images, at least {known} are among those that the model was trained on. It finds such images somewhat more normal "
            + "than others, so that more images than asked for may be called anomalies. Give Fit normal images that the model was not trained on.");
    }

    /// <exception cref="InvalidOperationException">A score is no number.</exception>
    private void CheckNumbers(float[] calibration)
    {
        if (calibration.Count(float.IsNaN) is > 0 and var wrong)
            throw new InvalidOperationException(
                $"The score {_options.Score} of {wrong} of the {calibration.Length} normal images that calibrate is no number (NaN): the model's training has "
                + "diverged, or its weights are damaged. Look at the bits per dimension of Transform, and train the model anew.");
    }

    private void CheckCount(int images, int calibrating, bool isFitted)
    {
        int least = (int)Math.Ceiling(1 / _options.FalsePositiveRate - 1 - 1e-9);
        int fitting = AnomalyMeasures.NeedsLosses(_options.Score) ? _profile.Size
            : AnomalyMeasures.NeedsFeatures(_options.Score) ? NearestNeighbours.Neighbours + 1 : 1;
        int all = isFitted ? 2 * Math.Max(least, fitting) : least;
        if (calibrating >= least && images >= all)
            return;
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"There are {images} normal images; a false-positive rate of {_options.FalsePositiveRate} by the score {_options.Score} ")
            + $"needs at least {all}. Give more normal images, or raise FalsePositiveRate.");
    }

    private static string? Problem(AnomalyOptions options)
    {
        if (!Enum.IsDefined(options.Score))
            return $"Score is {options.Score}; expected one of {string.Join(", ", Enum.GetNames<AnomalyScore>())}.";
        if (!(options.FalsePositiveRate is > 0 and < 1))
            return string.Create(CultureInfo.InvariantCulture, $"FalsePositiveRate is {options.FalsePositiveRate}; expected above 0 and below 1.");
        if (options.AnomalyMapColumnName is { } name && (string.IsNullOrWhiteSpace(name) || AnomalyColumns.Names.Contains(name)))
            return $"AnomalyMapColumnName is '{name}'; expected the name of a column of its own, or null for no map.";
        if (options.ProfileTimes.Length is 0 or > FeatureDescription.MostTimes)
            return $"ProfileTimes has {options.ProfileTimes.Length} values; expected 1..{FeatureDescription.MostTimes}.";
        if (options.ProfileTimes.FirstOrDefault(t => !(t is >= 0 and <= 1), -1) is var wrong && wrong != -1)
            return string.Create(CultureInfo.InvariantCulture, $"ProfileTimes has {wrong}; expected times from 0 to 1.");
        return options.ProfileDraws is < 1 or > FeatureDescription.MostDraws
            ? $"ProfileDraws is {options.ProfileDraws}; expected 1..{FeatureDescription.MostDraws}."
            : null;
    }

    /// <summary>Counts images and says how many there are.</summary>
    private sealed class Told(IProgress<CalibrationProgress>? listener, int total)
    {
        private int _done;

        public void Add(int images) => listener?.Report(new(_done += images, total));
    }
}
