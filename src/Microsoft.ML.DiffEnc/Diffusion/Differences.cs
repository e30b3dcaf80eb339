namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>In what two records differ, for messages.</summary>
internal static class Differences
{
    /// <summary>The members that are not equal, with both of their values.</summary>
    public static IEnumerable<(string Name, object? One, object? Other)> Of<T>(T one, T other)
        => typeof(T).GetProperties().Where(property => property.CanWrite)
            .Select(property => (property.Name, property.GetValue(one), property.GetValue(other)))
            .Where(member => !Equals(member.Item2, member.Item3));
}
