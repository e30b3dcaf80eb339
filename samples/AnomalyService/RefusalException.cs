namespace AnomalyService;

/// <summary>A request that is sent away: the status says why to programs, the message to people.</summary>
public sealed class RefusalException(int status, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    /// <summary>The HTTP status: 4xx where the client is to do something else, 503 where it is to come again.</summary>
    public int Status { get; } = status;

    /// <summary>When to come again.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
