using System.Globalization;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Training;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Looks whether the labels of the training images are enough for what is to be learned.</summary>
internal static class LabelCheck
{
    private const int MostNamed = 10;

    /// <summary>Says in the log what the model will not learn.</summary>
    /// <exception cref="InvalidOperationException">No image has a label.</exception>
    public static void Check(TrainingPlan plan, LabelColumn label, ITrainingLog log)
    {
        int[] images = new int[plan.Model.Classes + 1]; // by class; those without one first
        for (int row = 0; row < plan.Images.Count; row++)
            images[plan.Images.ClassOf(row)]++;
        if (images[0] == plan.Images.Count)
            throw new InvalidOperationException(
                $"No image has a label: every key in the column '{label.Name}' is missing. " +
                "MapValueToKey gives missing keys for values that it was not fitted on.");
        string without = images[0] > 0 ? $", {images[0]} images without one" : "";
        log.Info(string.Create(CultureInfo.InvariantCulture,
            $"Conditioned on {plan.Model.Classes} classes{without}; {plan.Settings.LabelDropout:P0} of the labels are left out in training."));

        int[] empty = [.. Enumerable.Range(1, plan.Model.Classes).Where(k => images[k] == 0)];
        if (empty.Length > 0)
            log.Warning($"No image has the class {Named(empty, label)}: the model learns nothing of {(empty.Length == 1 ? "it" : "them")}.");
        if (plan.Settings.LabelDropout == 0 && images[0] == 0)
            log.Warning("LabelDropout is 0: the model learns nothing of images without a class. Do not score without one, or use Guidance.");
    }

    private static string Named(int[] classes, LabelColumn label)
    {
        string names = string.Join(", ", classes.Take(MostNamed).Select(k => label.Names is { } known ? $"'{known.Values[k - 1]}'" : $"{k}"));
        return classes.Length > MostNamed ? $"{names} and {classes.Length - MostNamed} more" : names;
    }
}
