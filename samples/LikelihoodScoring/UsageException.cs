namespace LikelihoodScoring;

/// <summary>Something the user can put right: the message says what and how; no stack trace is shown.</summary>
internal sealed class UsageException(string message) : Exception(message);
