namespace Engram.LocalHost.Postgres;

/// <summary>Passes lines on and keeps the last few for an error message.</summary>
internal sealed class LastLines(Action<string> pass)
{
    private const int Kept = 8;

    private readonly Queue<string> _lines = new();

    public string Text
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    public void Add(string line)
    {
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > Kept)
            {
                _lines.Dequeue();
            }
        }

        pass(line);
    }
}
