namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>A part of a network that has a faster form without second derivatives.</summary>
internal interface IFirstDerivatives
{
    /// <summary>
    /// Lets the forward pass take the fused form while gradients are recorded: less memory and time, but a second derivative through it is wrong or ends
    /// the process, so only a caller that takes none may set it. Without gradients it is always taken.
    /// </summary>
    bool FirstDerivativesOnly { get; set; }
}
