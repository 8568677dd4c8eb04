using System.Diagnostics;
using System.Globalization;

namespace Engram.Benchmarks.Terminal;

/// <summary>A bar on a terminal; elsewhere a plain line now and then. It goes to standard error, so that standard output holds only figures.</summary>
internal sealed class Progress(string what, long total) : IDisposable
{
    private const int Cells = 30;

    private readonly Lock _gate = new();
    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _done;
    private TimeSpan _next;
    private bool _closed;

    public void Add(long count = 1)
    {
        lock (_gate)
        {
            _done += count;
            if (_done < total && _clock.Elapsed < _next)
                return;
            // Ten frames a second look smooth; a log file wants a line every ten seconds.
            _next = _clock.Elapsed + (_terminal ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(10));
            if (!_closed)
                Draw();
            _closed = _done >= total;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (!_closed)
                Draw();
            _closed = true;
            if (_terminal)
                Console.Error.WriteLine();
        }
    }

    private void Draw()
    {
        var share = total == 0 ? 1 : Math.Min(1, (double)_done / total);
        var seconds = _clock.Elapsed.TotalSeconds;
        var text = string.Create(CultureInfo.InvariantCulture, $"{what}: {_done}/{total}, {seconds:0.0} s");
        if (_terminal)
        {
            var full = (int)(share * Cells);
            Console.Error.Write($"\r[{new string('#', full)}{new string('.', Cells - full)}] {text}   ");
        }
        else
        {
            Console.Error.WriteLine(text);
        }
    }
}
