using System.Globalization;
using System.Text;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>
/// Writes a filter as a condition on <c>memories m</c>. Columns and operators come from enumerations, every value is a parameter. No LIKE and
/// no leakage: strpos needs no escaping.
/// </summary>
internal sealed class MemoryFilterSql
{
    private readonly StringBuilder _sql = new();
    private readonly List<NpgsqlParameter> _parameters;

    private MemoryFilterSql(List<NpgsqlParameter> parameters) => _parameters = parameters;

    /// <summary>A condition that begins with " and ", or nothing; its values are appended to <paramref name="parameters"/>.</summary>
    public static string Append(MemoryFilter? filter, List<NpgsqlParameter> parameters)
    {
        if (filter is null)
            return "";
        var writer = new MemoryFilterSql(parameters);
        writer._sql.Append(" and ");
        writer.Write(filter);
        return writer._sql.ToString();
    }

    private void Write(MemoryFilter filter)
    {
        switch (filter)
        {
            case MemoryFilter.All all:
                WriteGroup(all.Parts, " and ");
                break;
            case MemoryFilter.Any any:
                WriteGroup(any.Parts, " or ");
                break;
            case MemoryFilter.Not not:
                // "not unknown" is unknown in SQL: a memory without the field must match a NOT.
                _sql.Append("(not coalesce(");
                Write(not.Part);
                _sql.Append(", false))");
                break;
            case MemoryFilter.TextComparison text:
                WriteText($"m.{text.Column}", text.Operator, text.Values);
                break;
            case MemoryFilter.LabelComparison labels:
                WriteLabels(labels);
                break;
            case MemoryFilter.TimeComparison times:
                WriteOrdered($"m.{times.Column}", times.Operator, i => Sql.Time(times.Values[i]), times.Values.Length);
                break;
            case MemoryFilter.MetadataComparison metadata:
                WriteMetadata(metadata);
                break;
            default:
                throw new InvalidOperationException($"Unhandled filter {filter.GetType().Name}.");
        }
    }

    private void WriteGroup(IReadOnlyList<MemoryFilter> parts, string separator)
    {
        _sql.Append('(');
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0)
                _sql.Append(separator);
            Write(parts[i]);
        }

        _sql.Append(')');
    }

    private void WriteText(string expression, FilterOperator op, string[] values)
    {
        switch (op)
        {
            case FilterOperator.Contains:
                _sql.Append(CultureInfo.InvariantCulture, $"(strpos({expression}, {Add(Sql.Text(values[0]))}) > 0)");
                break;
            case FilterOperator.Icontains:
                _sql.Append(CultureInfo.InvariantCulture, $"(strpos(lower({expression}), lower({Add(Sql.Text(values[0]))})) > 0)");
                break;
            default:
                WriteOrdered($"{expression} collate \"C\"", op, i => Sql.Text(values[i]), values.Length);
                break;
        }
    }

    private void WriteOrdered(string expression, FilterOperator op, Func<int, NpgsqlParameter> value, int count)
    {
        if (op == FilterOperator.In)
        {
            _sql.Append('(').Append(expression).Append(" in (").AppendJoin(", ", Enumerable.Range(0, count).Select(i => Add(value(i)))).Append("))");
            return;
        }

        _sql.Append(CultureInfo.InvariantCulture, $"({expression} {SymbolOf(op)} {Add(value(0))})");
    }

    private void WriteLabels(MemoryFilter.LabelComparison labels)
    {
        if (labels.Operator == FilterOperator.Icontains)
        {
            _sql.Append(CultureInfo.InvariantCulture, $"exists (select 1 from unnest(m.categories) c where strpos(lower(c), lower({Add(Sql.Text(labels.Values[0]))})) > 0)");
            return;
        }

        var negation = labels.Operator == FilterOperator.Ne ? "not " : "";
        _sql.Append(CultureInfo.InvariantCulture, $"({negation}m.categories && {Add(Sql.Texts(labels.Values))})");
    }

    private void WriteMetadata(MemoryFilter.MetadataComparison metadata)
    {
        var path = Add(Sql.Texts(metadata.Path));
        switch (metadata.Operator)
        {
            case FilterOperator.Eq or FilterOperator.In:
                _sql.Append(CultureInfo.InvariantCulture, $"(m.metadata #> {path} in (")
                    .AppendJoin(", ", metadata.Values.Select(v => Add(Sql.Json(v.GetRawText())))).Append("))");
                break;
            case FilterOperator.Ne:
                _sql.Append(CultureInfo.InvariantCulture, $"(m.metadata #> {path} is distinct from {Add(Sql.Json(metadata.Values[0].GetRawText()))})");
                break;
            case FilterOperator.Contains or FilterOperator.Icontains:
                // An array contains the string as an element; a string contains it as a part.
                var fold = metadata.Operator == FilterOperator.Icontains ? "lower" : "";
                var value = Add(Sql.Text(metadata.Values[0].GetString()!));
                _sql.Append(CultureInfo.InvariantCulture, $"(case jsonb_typeof(m.metadata #> {path}) when 'array' then exists (select 1 from jsonb_array_elements_text(m.metadata #> {path}) e where {fold}(e) = {fold}({value})) when 'string' then strpos({fold}(m.metadata #>> {path}), {fold}({value})) > 0 else false end)");
                break;
            case var op when metadata.Values[0].ValueKind == System.Text.Json.JsonValueKind.Number:
                _sql.Append(CultureInfo.InvariantCulture, $"(case when jsonb_typeof(m.metadata #> {path}) = 'number' then (m.metadata #>> {path})::numeric {SymbolOf(op)} ({Add(Sql.Json(metadata.Values[0].GetRawText()))} #>> '{{}}')::numeric else false end)");
                break;
            case var op:
                _sql.Append(CultureInfo.InvariantCulture, $"(case when jsonb_typeof(m.metadata #> {path}) = 'string' then m.metadata #>> {path} collate \"C\" {SymbolOf(op)} {Add(Sql.Text(metadata.Values[0].GetString()!))} else false end)");
                break;
        }
    }

    private string Add(NpgsqlParameter parameter)
    {
        _parameters.Add(parameter);
        return string.Create(CultureInfo.InvariantCulture, $"${_parameters.Count}");
    }

    private static string SymbolOf(FilterOperator op) => op switch
    {
        FilterOperator.Eq => "=",
        FilterOperator.Ne => "is distinct from",
        FilterOperator.Gt => ">",
        FilterOperator.Gte => ">=",
        FilterOperator.Lt => "<",
        FilterOperator.Lte => "<=",
        _ => throw new InvalidOperationException($"{op} has no symbol."),
    };
}
