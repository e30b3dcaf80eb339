namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>Hands a model that was just read over to its transformer. Where that cannot be built, of a damaged file say, the model is freed.</summary>
internal static class FreedUnlessBuilt
{
    /// <summary>Builds a transformer that owns <paramref name="model"/> from then on.</summary>
    public static T Build<TModel, T>(TModel model, Func<TModel, T> build)
        where TModel : IDisposable
        => Build(model, build, m => m.Dispose());

    /// <summary>The same with a model that has its first owner still to come.</summary>
    public static T Build<T>(SharedModel model, Func<SharedModel, T> build) => Build(model, build, m => m.Release());

    private static T Build<TModel, T>(TModel model, Func<TModel, T> build, Action<TModel> free)
    {
        try
        {
            return build(model);
        }
        catch
        {
            free(model);
            throw;
        }
    }
}
