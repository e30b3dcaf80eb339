using Microsoft.ML.DiffEnc.Networks;

namespace Microsoft.ML.DiffEnc;

/// <content>How the networks compute while they are trained.</content>
public sealed partial class DiffEncModel
{
    private bool _firstDerivativesOnly;

    /// <inheritdoc cref="IFirstDerivatives.FirstDerivativesOnly"/>
    internal bool FirstDerivativesOnly
    {
        get => _firstDerivativesOnly;
        set
        {
            _firstDerivativesOnly = value;
            foreach (var (_, module) in Modules())
                module.SetFirstDerivativesOnly(value);
        }
    }

    /// <summary>The networks' arithmetic in training; losses, gradients of weights and everything else stay in the model's type.</summary>
    internal TrainingPrecision Precision { set => _denoiser.Precision = _encoder.Precision = value; }
}
