using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engram.Api.Http;

/// <summary>
/// What a type's JSON must look like, taken from its serializer contract and its validation attributes, which the OpenAPI document is
/// made from too. Finds everything wrong with a body at once: unknown fields, missing ones, wrong types, values out of range, text
/// PostgreSQL cannot hold.
/// </summary>
internal sealed class BodyShape
{
    private const int MaxErrors = 20;
    private const int MaxShownName = 64;

    private static readonly ConcurrentDictionary<Type, BodyShape> Shapes = new();

    private readonly Kind _kind;
    private readonly string _expected;
    private readonly FrozenSet<string>? _names;
    private FrozenDictionary<string, Member>? _members;
    private BodyShape? _element;

    private BodyShape(Kind kind, string expected, FrozenSet<string>? names = null) => (_kind, _expected, _names) = (kind, expected, names);

    private enum Kind
    {
        Any,
        Object,
        Array,
        Map,
        Text,
        Whole,
        Number,
        Boolean,
        Time,
        Name,
    }

    public static BodyShape Of(JsonTypeInfo type)
    {
        if (Shapes.TryGetValue(type.Type, out var known))
            return known;

        // Only whole shapes are shared: two first requests at the same time must not see each other's half-built ones.
        var building = new Dictionary<Type, BodyShape>();
        var shape = Build(type, building);
        foreach (var (part, built) in building)
            Shapes.TryAdd(part, built);
        return shape;
    }

    public IReadOnlyList<FieldError> Check(JsonElement body)
    {
        var errors = new List<FieldError>();
        Check(body, "", errors);
        return errors;
    }

    private static BodyShape Build(JsonTypeInfo type, Dictionary<Type, BodyShape> building)
    {
        if (Shapes.TryGetValue(type.Type, out var known) || building.TryGetValue(type.Type, out known))
            return known;
        if (type.Kind == JsonTypeInfoKind.None)
            return building[type.Type] = Scalar(type.Type);

        var shape = type.Kind switch
        {
            JsonTypeInfoKind.Object => new BodyShape(Kind.Object, "an object"),
            JsonTypeInfoKind.Enumerable => new BodyShape(Kind.Array, "an array"),
            _ => new BodyShape(Kind.Map, "an object"),
        };

        // Its members come after it is known, so that a type may contain itself (a filter group does).
        building[type.Type] = shape;
        if (type.ElementType is { } element)
            shape._element = Build(type.Options.GetTypeInfo(element), building);
        if (type.Kind == JsonTypeInfoKind.Object)
        {
            shape._members = type.Properties.ToFrozenDictionary(
                property => property.Name,
                property => new Member(
                    Build(type.Options.GetTypeInfo(property.PropertyType), building),
                    property.IsRequired,
                    property.IsSetNullable,
                    [.. property.AttributeProvider?.GetCustomAttributes(typeof(ValidationAttribute), true).Cast<ValidationAttribute>() ?? []]),
                StringComparer.Ordinal);
        }

        return shape;
    }

    private static BodyShape Scalar(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            var names = Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).ToArray();
            return new BodyShape(Kind.Name, $"one of {string.Join(", ", names)}", names.ToFrozenSet(StringComparer.Ordinal));
        }

        return type switch
        {
            _ when type == typeof(string) => new BodyShape(Kind.Text, "a string"),
            _ when type == typeof(int) || type == typeof(long) => new BodyShape(Kind.Whole, "a whole number"),
            _ when type == typeof(double) || type == typeof(float) || type == typeof(decimal) => new BodyShape(Kind.Number, "a number"),
            _ when type == typeof(bool) => new BodyShape(Kind.Boolean, "true or false"),
            _ when type == typeof(DateTimeOffset) => new BodyShape(Kind.Time, "a time as in RFC 3339, such as 2026-01-31T09:30:00Z"),
            _ => new BodyShape(Kind.Any, "a value"),
        };
    }

    private void Check(JsonElement value, string path, List<FieldError> errors)
    {
        if (errors.Count >= MaxErrors)
            return;
        if (!JsonText.CheckValue(value, path, errors))
            return;
        if (!Fits(value))
        {
            errors.Add(new FieldError(NameOf(path), $"Must be {_expected}, not {Describe(value)}."));
            return;
        }

        switch (_kind)
        {
            case Kind.Object:
                CheckMembers(value, path, errors);
                break;
            case Kind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                    _element!.Check(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]"), errors);
                break;
            case Kind.Map:
                foreach (var entry in value.EnumerateObject())
                {
                    if (JsonText.CheckName(entry, path, errors))
                        _element?.Check(entry.Value, Join(path, entry.Name), errors);
                }

                break;
            case Kind.Any:
                JsonText.CheckTree(value, path, errors);
                break;
        }
    }

    private void CheckMembers(JsonElement value, string path, List<FieldError> errors)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (!JsonText.CheckName(property, path, errors))
                continue;
            if (!_members!.TryGetValue(property.Name, out var member))
                errors.Add(new FieldError(Join(path, property.Name), UnknownField(property.Name)));
            else
                member.Check(property.Value, Join(path, property.Name), errors);
        }

        foreach (var (name, member) in _members!)
        {
            if (member.IsRequired && !value.TryGetProperty(name, out _))
                errors.Add(new FieldError(Join(path, name), "Is required."));
        }
    }

    private bool Fits(JsonElement value) => _kind switch
    {
        Kind.Any => true,
        Kind.Object or Kind.Map => value.ValueKind == JsonValueKind.Object,
        Kind.Array => value.ValueKind == JsonValueKind.Array,
        Kind.Text => value.ValueKind == JsonValueKind.String,
        Kind.Whole => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        Kind.Number => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number),
        Kind.Boolean => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        Kind.Time => value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out _),
        _ => value.ValueKind == JsonValueKind.String && _names!.Contains(value.GetString()!),
    };

    private string UnknownField(string name)
    {
        var nearest = _members!.Keys.Select(known => (Known: known, Distance: EditDistance.Between(name, known))).MinBy(candidate => candidate.Distance);
        return nearest.Known is not null && nearest.Distance <= Math.Max(2, name.Length / 3)
            ? $"Is not a known field. Did you mean '{nearest.Known}'?"
            : $"Is not a known field. Known are: {string.Join(", ", _members.Keys.Order(StringComparer.Ordinal))}.";
    }

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: <= 40 } text ? $"the string '{text}'" : "a string",
        JsonValueKind.Number => $"the number {(value.GetRawText() is { Length: <= 40 } number ? number : "given")}",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => "null",
    };

    private static string Join(string path, string name)
    {
        // A name comes from the caller and goes back in the answer: an endless one must not.
        var shown = name.Length <= MaxShownName ? name : string.Concat(name.AsSpan(0, MaxShownName), "...");
        return path.Length == 0 ? shown : $"{path}.{shown}";
    }

    private static string NameOf(string path) => path.Length == 0 ? "body" : path;

    private sealed record Member(BodyShape Shape, bool IsRequired, bool IsNullable, ValidationAttribute[] Rules)
    {
        public void Check(JsonElement value, string path, List<FieldError> errors)
        {
            if (value.ValueKind == JsonValueKind.Null)
            {
                if (!IsNullable || IsRequired)
                    errors.Add(new FieldError(path, $"Must be {Shape._expected}, not null."));
                return;
            }

            var before = errors.Count;
            Shape.Check(value, path, errors);
            if (errors.Count > before)
                return;
            foreach (var rule in Rules)
            {
                if (Broken(rule, value) is { } message)
                    errors.Add(new FieldError(path, message));
            }
        }

        private static string? Broken(ValidationAttribute rule, JsonElement value) => rule switch
        {
            RangeAttribute range when !range.IsValid(range.OperandType == typeof(int) ? value.GetInt32() : value.GetDouble()) =>
                string.Create(CultureInfo.InvariantCulture, $"Must be between {range.Minimum} and {range.Maximum}."),
            StringLengthAttribute length when value.GetString()!.Length is var count && (count < length.MinimumLength || count > length.MaximumLength) =>
                string.Create(CultureInfo.InvariantCulture, $"Must have {length.MinimumLength} to {length.MaximumLength} characters, not {count}."),
            AllowedValuesAttribute allowed when value.ValueKind == JsonValueKind.String && !allowed.Values.Contains(value.GetString()) =>
                $"Must be one of {string.Join(", ", allowed.Values)}.",
            MaxLengthAttribute length when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > length.Length =>
                string.Create(CultureInfo.InvariantCulture, $"Must have at most {length.Length} items, not {value.GetArrayLength()}."),
            MinLengthAttribute length when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() < length.Length =>
                string.Create(CultureInfo.InvariantCulture, $"Must have at least {length.Length} items."),
            _ => null,
        };
    }
}
