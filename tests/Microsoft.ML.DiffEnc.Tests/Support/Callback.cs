namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Calls back at once, on the reporting thread (<see cref="Progress{T}"/> does not).</summary>
internal sealed class Callback<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
