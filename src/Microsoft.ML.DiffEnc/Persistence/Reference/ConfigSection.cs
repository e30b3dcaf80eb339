using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>
/// One object of a JSON configuration. Every key has to be asked for: what is left over, missing or of another kind is refused with its
/// full name.
/// </summary>
internal sealed class ConfigSection
{
    private readonly string _file, _name;
    private readonly JsonElement _object;
    private readonly HashSet<string> _unread = new(StringComparer.Ordinal);

    public ConfigSection(string file, string name, JsonElement element)
    {
        (_file, _name, _object) = (file, name, element);
        if (element.ValueKind != JsonValueKind.Object)
            throw Malformed($"{(name.Length == 0 ? "The document" : $"'{name}'")} is {Describe(element)}, expected an object");
        foreach (JsonProperty property in element.EnumerateObject())
            _unread.Add(property.Name);
    }

    public ConfigSection Section(string key) => new(_file, FullName(key), Require(key));

    public string Text(string key) =>
        Require(key) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw WrongKind(key, "a text");

    public int Integer(string key, int minimum, int maximum)
    {
        if (Require(key) is not { ValueKind: JsonValueKind.Number } value || !value.TryGetInt32(out int number))
            throw WrongKind(key, "a whole number");
        return number >= minimum && number <= maximum ? number : throw Malformed($"'{FullName(key)}' is {number}, expected {minimum} to {maximum}");
    }

    public double Number(string key) =>
        Require(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw WrongKind(key, "a number");

    /// <summary>Refuses any value but the one that this library's models have.</summary>
    /// <param name="key">A boolean, number or text key.</param>
    /// <param name="supported">The value in JSON notation, quotes left out.</param>
    /// <param name="meaning">What another value would stand for, for the message.</param>
    /// <param name="optional">Whether the authors' code gives the key this value as its default.</param>
    public void Only(string key, string supported, string meaning, bool optional = false)
    {
        if (optional && !_object.TryGetProperty(key, out _))
            return;
        JsonElement value = Require(key);
        bool fits = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out double found) && found.ToString(CultureInfo.InvariantCulture) == supported,
            JsonValueKind.True or JsonValueKind.False => value.GetRawText() == supported,
            JsonValueKind.String => value.GetString() == supported,
            _ => false,
        };
        if (!fits)
            throw Unsupported(key, Describe(value), $"only {(supported.Length == 0 ? "\"\"" : supported)} is supported ({meaning})");
    }

    /// <summary>Passes over keys that have no influence on a trained model's results.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _unread.Remove(key);
    }

    /// <summary>Refuses the keys that were not asked for: what they mean is unknown, so they cannot be passed over.</summary>
    public void RequireAllRead()
    {
        if (_unread.Count > 0)
            throw new NotSupportedException($"'{_file}': not known: {string.Join(", ", _unread.Select(key => $"'{FullName(key)}'"))}.");
    }

    public NotSupportedException Unsupported(string key, string found, string supported) =>
        new($"'{_file}': '{FullName(key)}' is {found}; {supported}.");

    public InvalidDataException Malformed(string reason) => new($"'{_file}': {reason}.");

    public string FullName(string key) => _name.Length == 0 ? key : $"{_name}.{key}";

    private JsonElement Require(string key)
    {
        _unread.Remove(key);
        return _object.TryGetProperty(key, out JsonElement value) ? value : throw Malformed($"the key '{FullName(key)}' is missing");
    }

    private InvalidDataException WrongKind(string key, string expected) =>
        Malformed($"'{FullName(key)}' is {Describe(_object.GetProperty(key))}, expected {expected}");

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => value.GetRawText() is { Length: <= 40 } text ? text : value.GetRawText()[..40] + "…",
    };
}
