using Microsoft.ML;

namespace LikelihoodScoring.Data;

/// <summary>The four sources by their names on the command line.</summary>
internal static class ImageSets
{
    /// <summary>Loads or draws the pictures that the settings ask for.</summary>
    /// <exception cref="UsageException">They are not there, or cannot be used as asked.</exception>
    public static ImageSet Load(MLContext ml, Settings settings) => settings.Data switch
    {
        DataSource.Mnist => MnistImages.Load(ml, settings),
        DataSource.Cifar10 => Cifar10Images.Load(ml, settings),
        DataSource.Images => FolderImages.Load(ml, settings),
        _ => DrawnImages.Draw(ml, settings)
    };
}
