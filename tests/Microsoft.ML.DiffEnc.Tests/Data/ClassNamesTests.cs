using Microsoft.ML.DiffEnc.Data;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public class ClassNamesTests
{
    private static readonly Dictionary<string, (Func<MLContext, IDataView> Data, string[] Values)> _all = new()
    {
        ["String"] = (ml => Data(ml, "a b", "ü\"é"), ["a b", "ü\"é"]),
        ["Boolean"] = (ml => Data(ml, true, false), ["True", "False"]),
        ["Byte"] = (ml => Data<byte>(ml, 255, 7), ["255", "7"]),
        ["Int32"] = (ml => Data(ml, 5, -3), ["5", "-3"]),
        ["UInt64"] = (ml => Data(ml, ulong.MaxValue, 1ul), ["18446744073709551615", "1"]),
        ["Single"] = (ml => Data(ml, 0.1f, 3e20f), ["0.1", "3E+20"]),
        ["Double"] = (ml => Data(ml, 1.0 / 3), ["0.3333333333333333"]),
    };

    public static TheoryData<string> Types => [.. _all.Keys];

    [Theory]
    [MemberData(nameof(Types))]
    public void The_values_of_keys_come_back_as_they_were(string type)
    {
        var ml = new MLContext();
        var (make, values) = _all[type];
        IDataView data = make(ml);
        DataViewSchema.Column column = ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data).Schema["Label"];
        ClassNames names = ClassNames.Of(column)!;
        Assert.Equal(new ClassNames(type, values), names);
        Assert.Null(names.Problem(values.Length));
        Assert.Contains("classes", names.Problem(values.Length + 1), StringComparison.Ordinal);

        var annotations = new DataViewSchema.Annotations.Builder();
        names.AddTo(annotations, "KeyValues");
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Label", column.Type, annotations.ToAnnotations());
        DataViewSchema.Column made = schema.ToSchema()["Label"];
        Assert.Equal(column.Annotations.Schema["KeyValues"].Type, made.Annotations.Schema["KeyValues"].Type);
        Assert.Equal(names, ClassNames.Of(made));
    }

    [Theory]
    [InlineData("Int32", "seven", "is no Int32")]
    [InlineData("Colour", "red", "type 'Colour'")]
    [InlineData("String", null, "is no String")]
    public void Names_that_a_file_cannot_have_are_refused(string type, string? value, string says)
        => Assert.Contains(says, new ClassNames(type, [value!]).Problem(1), StringComparison.Ordinal);

    private static IDataView Data<T>(MLContext ml, params T[] values)
        => ml.Data.LoadFromEnumerable(Array.ConvertAll(values, v => new Row<T> { Label = v }));

    private sealed class Row<T>
    {
        public T Label { get; set; } = default!;
    }
}
