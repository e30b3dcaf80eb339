namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>A model that several transformers use. It is freed with the last of them.</summary>
/// <param name="model">Owned from here on; the maker is its first user.</param>
internal sealed class SharedModel(DiffEncModel model)
{
    private int _users = 1;

    public DiffEncModel Model => model;

    /// <summary>Held while the model computes, and while it is freed.</summary>
    public Lock Network { get; } = new();

    /// <summary>Registers one more user, who has to <see cref="Release"/> it.</summary>
    /// <exception cref="ObjectDisposedException">The last user has released it.</exception>
    public SharedModel Acquire()
    {
        lock (Network)
        {
            ObjectDisposedException.ThrowIf(_users == 0, typeof(DiffEncModel));
            _users++;
            return this;
        }
    }

    /// <summary>Once for each user. The last one frees the model, after a computation under way.</summary>
    public void Release()
    {
        lock (Network)
        {
            if (--_users == 0)
                model.Dispose();
        }
    }
}
