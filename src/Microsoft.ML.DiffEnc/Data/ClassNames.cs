using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// The values that the keys of a label column stand for, in the order of the keys: kept with a model, and given back with what it predicts.
/// </summary>
/// <param name="Type">What the values are, in ML.NET's words: String, UInt32, Boolean, …</param>
/// <param name="Values">The values as invariant text; that of key k is the (k − 1)th.</param>
internal sealed record ClassNames(string Type, string[] Values)
{
    private static readonly Dictionary<string, Kind> _kinds = new Kind[]
    {
        new Texts(),
        new Primitives<bool>(BooleanDataViewType.Instance),
        new Primitives<sbyte>(NumberDataViewType.SByte),
        new Primitives<byte>(NumberDataViewType.Byte),
        new Primitives<short>(NumberDataViewType.Int16),
        new Primitives<ushort>(NumberDataViewType.UInt16),
        new Primitives<int>(NumberDataViewType.Int32),
        new Primitives<uint>(NumberDataViewType.UInt32),
        new Primitives<long>(NumberDataViewType.Int64),
        new Primitives<ulong>(NumberDataViewType.UInt64),
        new Primitives<float>(NumberDataViewType.Single),
        new Primitives<double>(NumberDataViewType.Double),
    }.ToDictionary(kind => kind.Name, StringComparer.Ordinal);

    /// <summary>Whether the values are texts, as names of slots have to be.</summary>
    [JsonIgnore]
    public bool AreTexts => Type == Texts.TypeName;

    /// <summary>The type of the values.</summary>
    [JsonIgnore]
    public DataViewType ItemType => _kinds[Type].ItemType;

    /// <summary>The names of a key column's values; <see langword="null"/>: it has none, or of a type that is not kept (dates and times).</summary>
    public static ClassNames? Of(DataViewSchema.Column column)
        => column.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type is VectorDataViewType { ItemType: var item }
            && _kinds.TryGetValue(item.ToString()!, out Kind? kind)
            ? new(kind.Name, kind.Read(column))
            : null;

    /// <summary>What is wrong with names out of a file, as a sentence; <see langword="null"/>: nothing.</summary>
    public string? Problem(int classes)
    {
        if (!_kinds.TryGetValue(Type, out Kind? kind))
            return $"The class names are of the type '{Type}'; expected one of {string.Join(", ", _kinds.Keys)}.";
        if (Values.Length != classes)
            return $"There are {Values.Length} class names, but the model has {classes} classes.";
        int bad = Array.FindIndex(Values, value => value is null || !kind.IsValue(value));
        return bad < 0 ? null : $"The class name '{Values[bad]}' of key {bad + 1} is no {Type}.";
    }

    /// <summary>Adds the values to a column's annotations.</summary>
    /// <param name="annotations">Where to.</param>
    /// <param name="name">The annotation's name: KeyValues, SlotNames or TrainingLabelValues.</param>
    public void AddTo(DataViewSchema.Annotations.Builder annotations, string name) => _kinds[Type].Add(annotations, name, Values);

    /// <inheritdoc/>
    public bool Equals(ClassNames? other) => other is not null && Type == other.Type && Values.SequenceEqual(other.Values, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Values.Length, Values.FirstOrDefault());

    private abstract class Kind(PrimitiveDataViewType type)
    {
        public DataViewType ItemType => type;

        public string Name => type.ToString()!;

        public abstract bool IsValue(string text);

        public abstract string[] Read(DataViewSchema.Column column);

        public abstract void Add(DataViewSchema.Annotations.Builder annotations, string name, string[] values);

        protected static T[] ReadValues<T>(DataViewSchema.Column column)
        {
            VBuffer<T> values = default;
            column.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref values);
            return [.. values.DenseValues()];
        }

        protected void AddValues<T>(DataViewSchema.Annotations.Builder annotations, string name, T[] values)
            => annotations.Add(name, new VectorDataViewType(type, values.Length), (ref VBuffer<T> target)
                => new VBuffer<T>(values.Length, values).CopyTo(ref target));
    }

    private sealed class Texts() : Kind(TextDataViewType.Instance)
    {
        public static readonly string TypeName = TextDataViewType.Instance.ToString()!;

        public override bool IsValue(string text) => true;

        public override string[] Read(DataViewSchema.Column column)
            => Array.ConvertAll(ReadValues<ReadOnlyMemory<char>>(column), text => text.ToString());

        public override void Add(DataViewSchema.Annotations.Builder annotations, string name, string[] values)
            => AddValues(annotations, name, Array.ConvertAll(values, text => text.AsMemory()));
    }

    private sealed class Primitives<T>(PrimitiveDataViewType type) : Kind(type)
        where T : struct, IConvertible, IParsable<T>
    {
        public override bool IsValue(string text) => T.TryParse(text, CultureInfo.InvariantCulture, out _);

        public override string[] Read(DataViewSchema.Column column)
            => Array.ConvertAll(ReadValues<T>(column), value => value.ToString(CultureInfo.InvariantCulture));

        public override void Add(DataViewSchema.Annotations.Builder annotations, string name, string[] values)
            => AddValues(annotations, name, Array.ConvertAll(values, text => T.Parse(text, CultureInfo.InvariantCulture)));
    }
}
