namespace LikelihoodScoring.Reporting;

/// <summary>Writes how long something takes.</summary>
internal static class Duration
{
    /// <summary>Two or three units, from the largest that is not zero: "53 s", "1 min 05 s", "1 h 05 min 10 s", "2 d 3 h 05 min".</summary>
    public static string Text(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{time.Seconds} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds:00} s",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes:00} min {time.Seconds:00} s",
        _ => $"{time.Days} d {time.Hours} h {time.Minutes:00} min"
    };
}
