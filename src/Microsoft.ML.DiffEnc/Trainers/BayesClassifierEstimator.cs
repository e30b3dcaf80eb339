using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Makes a classifier of a model that is already trained; all that <see cref="Fit"/> may learn is how frequent the classes are.</summary>
internal sealed class BayesClassifierEstimator : IEstimator<BayesClassifierTransformer>
{
    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly BayesClassifierOptions _options;
    private readonly LabelColumn? _label; // where it is counted

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    /// <exception cref="InvalidOperationException">The model was trained without labels, or with a single class.</exception>
    public BayesClassifierEstimator(IHostEnvironment env, DiffEncTransformer model, BayesClassifierOptions options)
    {
        _host = env.Register(nameof(BayesClassifierEstimator));
        _model = model;
        _options = options = options.Copy();
        model.RequireClasses();
        if (model.Model.Classes < 2)
            throw new InvalidOperationException("The model has one class; to classify takes at least two.");
        InRange(options.Draws, ScoringSettings.MostDraws, nameof(options.Draws));
        InRange(options.TimesPerDraw, ScoringSettings.MostTimesPerDraw, nameof(options.TimesPerDraw));
        if (!Enum.IsDefined(options.Priors))
            throw new ArgumentOutOfRangeException(
                nameof(options), $"The option Priors is {options.Priors}; expected one of {string.Join(", ", Enum.GetNames<ClassPriors>())}.");
        if (options.Priors == ClassPriors.Uniform)
            return;
        if (string.IsNullOrWhiteSpace(options.LabelColumnName))
            throw new ArgumentException(
                "The option LabelColumnName is empty; expected the name of the column whose classes are counted.", nameof(options));
        _label = new LabelColumn(options.LabelColumnName, model.Model.Classes, model.Settings.ClassNames);
    }

    /// <inheritdoc/>
    public BayesClassifierTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ImageColumn.Find(input.Schema);
        double[] priors = Priors(input);
        var settings = _model.Settings with
        {
            LabelColumnName = null,
            Draws = _options.Draws,
            TimesPerDraw = _options.TimesPerDraw,
            Seed = _options.Seed ?? _model.Settings.Seed,
        };
        return FreedUnlessBuilt.Build(
            FreedUnlessBuilt.Build(_model.Share(), model => new DiffEncTransformer(_host, model, settings)),
            scorer => new BayesClassifierTransformer(_host, scorer, priors));
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        _label?.Check(inputSchema);
        return ClassColumns.AppendTo(inputSchema, _model.Settings.ClassNames);
    }

    /// <summary>p(c): all alike, or (images of c + 1)/(labelled images + classes).</summary>
    private double[] Priors(IDataView input)
    {
        var counts = new double[_model.Model.Classes];
        Array.Fill(counts, 1);
        if (_label is not null)
        {
            using DataViewRowCursor cursor = input.GetRowCursor([_label.Find(input.Schema)]);
            Func<ushort> readClass = _label.CreateReader(cursor);
            while (cursor.MoveNext())
            {
                _host.CheckAlive();
                if (readClass() is > 0 and var key)
                    counts[key - 1]++;
            }
            if (counts.All(count => count == 1))
                throw new InvalidOperationException($"No image has a label in the column '{_label.Name}': there is nothing to take priors from.");
        }
        double all = counts.Sum();
        return Array.ConvertAll(counts, count => count / all);
    }

    private static void InRange(int value, int most, string name)
    {
        if (value < 1 || value > most)
            throw new ArgumentOutOfRangeException(name, $"The option {name} is {value}; expected 1..{most}.");
    }
}
