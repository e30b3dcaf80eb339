namespace LikelihoodScoring;

/// <summary>What the likelihood transformer says of a picture, beside what we know of it; the properties are columns.</summary>
internal sealed class ScoredImage
{
    /// <summary>1 for an odd one, 0 for a normal one.</summary>
    public float Label { get; set; }

    /// <summary>0 for normal, k + 1 for the k-th kind of odd ones.</summary>
    public int Kind { get; set; }

    public float Score { get; set; }
    public float BitsPerDimension { get; set; }
    public float LogLikelihood { get; set; }
    public float ReconstructionLoss { get; set; }
    public float LatentLoss { get; set; }
    public float DiffusionLoss { get; set; }
    public float StandardError { get; set; }

    [Microsoft.ML.Data.NoColumn]
    public bool IsOdd => Label > 0;
}
