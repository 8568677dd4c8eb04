using System.Diagnostics;
using System.Globalization;

namespace Engram.LocalHost.Processes;

/// <summary>
/// Stops the children when this process dies without stopping them: see <c>warden.sh</c>. PR_SET_PDEATHSIG was not taken: macOS has
/// none, and it is tied to the thread that forked, while the thread pool's threads come and go. A shell between this process and
/// each child was not taken either: dash drops environment variables with a dash in their name, as connection strings have.
/// </summary>
internal sealed class Warden
{
    private static readonly Lazy<Warden> Lazy = new(() => new Warden());

    private readonly Process _shell;
    private readonly Lock _gate = new();

    private Warden()
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in Session.Wrap("/bin/sh", ["-c", Script(), "warden"]))
        {
            if (start.FileName.Length == 0)
            {
                start.FileName = argument;
            }
            else
            {
                start.ArgumentList.Add(argument);
            }
        }

        _shell = Process.Start(start)!;
        // It says nothing; unread pipes would only keep descriptors open.
        _shell.StandardOutput.Close();
        _shell.StandardError.Close();
    }

    public static Warden Current => Lazy.Value;

    public void Watch(int pid, StopSignal signal, TimeSpan grace) =>
        Tell($"watch {pid} {Signals.ShellName(signal)} {Math.Max(1, (int)grace.TotalSeconds).ToString(CultureInfo.InvariantCulture)}");

    public void Forget(int pid) => Tell($"forget {pid}");

    private void Tell(string line)
    {
        lock (_gate)
        {
            try
            {
                _shell.StandardInput.WriteLine(line);
                _shell.StandardInput.Flush();
            }
            catch (IOException)
            {
                // Somebody killed the warden; the children are still stopped when this process ends in order.
            }
        }
    }

    private static string Script()
    {
        using var stream = typeof(Warden).Assembly.GetManifestResourceStream("warden.sh")!;
        using var reader = new StreamReader(stream);
        // Without the comments: the script is an argument that shows in every listing of processes.
        return string.Join('\n', reader.ReadToEnd().Split('\n').Where(line => !line.StartsWith('#')));
    }
}
