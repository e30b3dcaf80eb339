using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Interop;
using SemiSupervised;

namespace Microsoft.ML.DiffEnc.Studies.Labels;

/// <summary>What stock linear classifiers reach with few, more and all labels: on pixels, on their principal components and on representations.</summary>
internal sealed class LabelsStudy
{
    // Principal components and means of features are of images without labels.
    private const int Unlabelled = 5_000, Components = 50, TrainedOn = 50_000;

    private readonly MLContext _ml;
    private readonly CancellationToken _cancellation;
    private readonly IDataView _training, _used;
    private readonly uint[] _labels;
    private readonly int _measured;

    /// <param name="ml">The context.</param>
    /// <param name="folder">The folder with the IDX files.</param>
    /// <param name="measured">Images that the classifiers are measured on.</param>
    /// <param name="labelled">Images that labels are drawn from.</param>
    /// <param name="test">
    /// Whether the former are the first of the test set and the latter of the training set; otherwise both are of the training set's last 10,000, on which
    /// no model is trained.
    /// </param>
    /// <param name="cancellation">Looked at before every classifier.</param>
    public LabelsStudy(MLContext ml, string folder, int measured, int labelled, bool test, CancellationToken cancellation)
    {
        (_ml, _cancellation) = (ml, cancellation);
        IDataView all = StudyImages.View(ml, folder, "train"), others = ml.Data.SkipRows(all, TrainedOn);
        _training = ml.Data.TakeRows(all, TrainedOn);
        IDataView first = ml.Data.TakeRows(test ? StudyImages.View(ml, folder, "t10k") : others, measured);
        _measured = first.GetColumn<uint>("Label").Count();
        _used = RowRanges.Append(ml, [first, ml.Data.TakeRows(test ? all : ml.Data.SkipRows(others, measured), labelled)]);
        _labels = [.. _used.GetColumn<uint>("Label")];
        if (Labelled <= 0)
            throw new ArgumentException($"There are {_measured} images that no model was trained on; {measured} to measure on leave none to learn from.");
    }

    /// <summary>The images that labels are drawn from.</summary>
    public int Labelled => _labels.Length - _measured;

    /// <summary>The model of a file, or one that is trained on the first 50,000 training images and saved there.</summary>
    public DiffEncTransformer Model(string file, int steps)
    {
        var (width, height) = StudyImages.Size(_training);
        return StudyModel.LoadOrTrain(_ml, file, _training, (width, height, 1), steps, seed: 1, _cancellation);
    }

    /// <summary>What reads the column <c>Image</c> and adds <c>Features</c>, by name: pixels and their principal components.</summary>
    public IEnumerable<(string Name, ITransformer Features)> Baselines()
    {
        var pixels = _ml.Transforms.Conversion.ConvertType("Features", "Image", DataKind.Single)
            .Append(_ml.Transforms.NormalizeMinMax("Features")); // from 0 to 1
        IDataView unlabelled = _ml.Data.TakeRows(_training, Unlabelled);
        yield return ("pixels", pixels.Fit(unlabelled));
        var components = pixels.Append(_ml.Transforms.ProjectToPrincipalComponents("Features", rank: Components, seed: 1));
        yield return ($"{Components} principal components", components.Fit(unlabelled));
    }

    /// <summary>A representation as a column <c>Features</c>, its mean of training images.</summary>
    public RepresentationTransformer Representation(DiffEncTransformer model, RepresentationOptions options)
        => _ml.Generative().Representations(model, options).Fit(_ml.Data.TakeRows(_training, Unlabelled));

    /// <summary>The accuracies of ML.NET's classifiers as they are without being tuned.</summary>
    /// <param name="features">Adds the column <c>Features</c>; computed once for all.</param>
    /// <param name="counts">How many labels.</param>
    /// <param name="draws">How often they are drawn: the same for all features.</param>
    public IEnumerable<LabelsFigure> Run(ITransformer features, IReadOnlyList<int> counts, int draws)
    {
        float[][] rows = [.. features.Transform(_used).GetColumn<float[]>("Features")];
        foreach (var (name, trainer) in Classifiers.Of(_ml))
            yield return new(name, rows[0].Length, [.. counts.Select(count => Enumerable.Range(1, count == Labelled ? 1 : draws)
                .Select(draw => Accuracy(trainer, rows, count, draw)).ToArray())]);
    }

    private double Accuracy(IEstimator<ITransformer> trainer, float[][] rows, int count, int draw)
    {
        _cancellation.ThrowIfCancellationRequested();
        int[] order = [.. Enumerable.Range(_measured, Labelled)];
        new Random(draw).Shuffle(order);
        ITransformer classifier = trainer.Fit(View(order[..count], rows));
        return _ml.MulticlassClassification.Evaluate(classifier.Transform(View([.. Enumerable.Range(0, _measured)], rows))).MicroAccuracy;
    }

    private IDataView View(IReadOnlyCollection<int> images, float[][] rows)
        => FeatureRows.View(_ml, [.. images.Select(i => rows[i])], [.. images.Select(i => (int)_labels[i])], (int)_labels.Max() + 1);
}

/// <summary>What one classifier reaches.</summary>
/// <param name="Classifier">Its name.</param>
/// <param name="Size">The number of features.</param>
/// <param name="Accuracies">For each number of labels, that of each draw.</param>
internal sealed record LabelsFigure(string Classifier, int Size, double[][] Accuracies);
