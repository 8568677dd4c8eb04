using System.Text;

namespace Engram.Benchmarks.Terminal;

/// <summary>A table that is aligned on a terminal and is Markdown as well, so that it can go into the README as it stands.</summary>
internal sealed class TextTable(params string[] header)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        var widths = header.Select((name, i) => Math.Max(name.Length, _rows.Count == 0 ? 0 : _rows.Max(row => row[i].Length))).ToArray();
        // Words stand left, figures right.
        var left = header.Select((_, i) => !_rows.TrueForAll(row => row[i].Length == 0 || IsFigure(row[i]))).ToArray();
        var text = new StringBuilder();
        Append(text, header, widths, left);
        Append(text, [.. widths.Select((width, i) => left[i] ? new string('-', width) : new string('-', width - 1) + ":")], widths, left);
        foreach (var row in _rows)
            Append(text, row, widths, left);
        return text.ToString();
    }

    private static bool IsFigure(string cell) => cell == "-" || (char.IsAsciiDigit(cell[0] == '-' ? cell[1] : cell[0]) && !cell.Contains(' '));

    private static void Append(StringBuilder text, string[] cells, int[] widths, bool[] left)
    {
        for (var i = 0; i < cells.Length; i++)
            text.Append("| ").Append(left[i] ? cells[i].PadRight(widths[i]) : cells[i].PadLeft(widths[i])).Append(' ');
        text.Append('|').AppendLine();
    }
}
