namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>One parameter of the authors' model and the one of ours that it becomes.</summary>
/// <param name="Path">Its place below <c>ema_params</c>.</param>
/// <param name="Shape">Its shape in Flax's layout.</param>
/// <param name="Name">Our name, as in <see cref="DiffEncModel.NamedParameters"/>.</param>
/// <param name="Layout">How Flax lays it out.</param>
internal sealed record ReferenceParameter(FlaxPath Path, IReadOnlyList<long> Shape, string Name, WeightLayout Layout);
