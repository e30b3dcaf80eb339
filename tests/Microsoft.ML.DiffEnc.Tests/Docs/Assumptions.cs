namespace Microsoft.ML.DiffEnc.Tests.Docs;

/// <summary>What the blocks in the docs take for granted: each is a method of a class that derives from this one.</summary>
public abstract class Assumptions
{
    /// <summary>The context.</summary>
    protected MLContext ml = null!;

    /// <summary>A trained model.</summary>
    protected DiffEncTransformer model = null!, transformer = null!;

    /// <summary>Images, by what they are for.</summary>
    protected IDataView train = null!, validation = null!, test = null!, images = null!, moreImages = null!, normalPictures = null!;

    /// <summary>Images whose labels matter.</summary>
    protected IDataView heldOutNormalImages = null!, labelledImages = null!, fewLabelledImages = null!;

    /// <summary>What the model made of some images, or made itself.</summary>
    protected IDataView scored = null!, pictures = null!;

    /// <summary>Rows that images are made for.</summary>
    protected IDataView rows = null!;

    /// <summary>Where pictures lie.</summary>
    protected string folder = null!;

    /// <summary>Who is told how far a report is.</summary>
    protected IProgress<ScoringProgress> progress = null!;
}
