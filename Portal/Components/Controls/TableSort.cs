namespace Engram.Portal.Components.Controls;

/// <summary>The column a table is sorted by, as the address says it: the column's name, with a minus before it for the largest first.</summary>
/// <param name="By">Name of the column.</param>
/// <param name="Descending">Largest, newest or last of the alphabet first.</param>
public sealed record TableSort(string By, bool Descending)
{
    /// <summary>What an address asks for; what is no column is as if it were not there.</summary>
    public static TableSort Of(string? text, string otherwise, params string[] columns)
    {
        var wanted = Read(text ?? "");
        return columns.Contains(wanted.By, StringComparer.Ordinal) ? wanted : Read(otherwise);
    }

    /// <summary>As it stands in the address.</summary>
    public string Wire => Descending ? "-" + By : By;

    /// <summary>What choosing a column's heading leads to: that column, numbers from the largest; chosen again, the other way round.</summary>
    public TableSort Choose(string column, bool largestFirst) => By == column ? this with { Descending = !Descending } : new TableSort(column, largestFirst);

    public IEnumerable<T> Apply<T, TKey>(IEnumerable<T> rows, Func<T, TKey> key) => Descending ? rows.OrderByDescending(key) : rows.OrderBy(key);

    private static TableSort Read(string text) => text.StartsWith('-') ? new TableSort(text[1..], true) : new TableSort(text, false);
}
