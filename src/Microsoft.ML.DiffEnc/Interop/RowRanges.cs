using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Takes data views apart and puts them below one another; part of which ML.NET can, but keeps to itself.</summary>
internal static class RowRanges
{
    /// <summary>The rows from <paramref name="first"/> to before <paramref name="end"/>; there may be none.</summary>
    public static IDataView Slice(MLContext context, IDataView data, long first, long end)
    {
        if (first == end)
            return new EmptyDataView(context, data.Schema);
        return context.Data.TakeRows(first == 0 ? data : context.Data.SkipRows(data, first), end - first);
    }

    /// <summary>All rows, in order.</summary>
    /// <param name="context">The context.</param>
    /// <param name="views">At least one; all with the first one's columns.</param>
    public static IDataView Append(MLContext context, IDataView[] views)
        => views.Length == 1 ? views[0] : AppendRowsDataView.Create(context, views[0].Schema, views);
}
