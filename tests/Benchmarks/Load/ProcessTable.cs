using System.Globalization;

namespace Engram.Benchmarks.Load;

/// <summary>What a process has used.</summary>
/// <param name="CpuSeconds">User and system time, of PostgreSQL with all its backends.</param>
/// <param name="MegaBytes">Memory that is its own, shared pages counted in proportion (PSS).</param>
internal sealed record ProcessUse(double CpuSeconds, double MegaBytes);

/// <summary>The platform's processes on this machine, found by the ports they listen on. Linux only; elsewhere there is none.</summary>
internal sealed class ProcessTable
{
    private const double TicksPerSecond = 100;

    private readonly List<(string Name, int Pid, bool WithChildren)> _processes = [];

    /// <param name="ports">Name and port of each.</param>
    public static ProcessTable Find(IEnumerable<(string Name, int Port)> ports)
    {
        var table = new ProcessTable();
        if (!OperatingSystem.IsLinux())
            return table;
        var owners = OwnersOf(ListeningSockets());
        foreach (var (name, port) in ports)
        {
            if (owners.TryGetValue(port, out var pid))
                table._processes.Add((name, pid, name == "postgres"));
        }

        table._processes.Add(("this benchmark", Environment.ProcessId, false));
        return table;
    }

    /// <summary>The process that listens on a port, or null.</summary>
    public static int? PidOf(int port) => OperatingSystem.IsLinux() && OwnersOf(ListeningSockets()).TryGetValue(port, out var pid) ? pid : null;

    public IReadOnlyList<(string Name, ProcessUse Use)> Read() =>
        [.. _processes.Where(p => Directory.Exists($"/proc/{p.Pid}")).Select(p => (p.Name, Of(p.Pid, p.WithChildren)))];

    private static ProcessUse Of(int pid, bool withChildren)
    {
        // utime and stime; of a server that forks also what its ended children used, and what the living ones do.
        var stat = Stat(pid);
        var ticks = stat[11] + stat[12] + (withChildren ? stat[13] + stat[14] : 0);
        var bytes = Memory(pid);
        foreach (var child in withChildren ? ChildrenOf(pid) : [])
        {
            try
            {
                var used = Stat(child);
                ticks += used[11] + used[12];
                bytes += Memory(child);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return new ProcessUse(ticks / TicksPerSecond, bytes / 1024);
    }

    private static IEnumerable<int> ChildrenOf(int parent)
    {
        foreach (var pid in Pids())
        {
            long[] stat;
            try
            {
                stat = Stat(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            if (stat[1] == parent)
                yield return pid;
        }
    }

    /// <summary>The numbers of /proc/PID/stat after the name, which may hold spaces; the state counts as 0.</summary>
    private static long[] Stat(int pid)
    {
        var text = File.ReadAllText($"/proc/{pid}/stat");
        return [.. text[(text.LastIndexOf(')') + 2)..].Split(' ').Select(part => long.TryParse(part, CultureInfo.InvariantCulture, out var number) ? number : 0)];
    }

    private static double Memory(int pid)
    {
        foreach (var line in File.ReadLines($"/proc/{pid}/smaps_rollup"))
        {
            if (line.StartsWith("Pss:", StringComparison.Ordinal))
                return double.Parse(line[4..^2].Trim(), CultureInfo.InvariantCulture);
        }

        return 0;
    }

    /// <summary>Ports by the inode of their listening socket.</summary>
    private static Dictionary<string, int> ListeningSockets()
    {
        var ports = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var table in new[] { "/proc/net/tcp", "/proc/net/tcp6" }.Where(File.Exists))
        {
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (parts[3] == "0A")
                    ports[$"socket:[{parts[9]}]"] = int.Parse(parts[1].AsSpan(parts[1].LastIndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
        }

        return ports;
    }

    private static Dictionary<int, int> OwnersOf(Dictionary<string, int> sockets)
    {
        var owners = new Dictionary<int, int>();
        // Downwards: a socket that a process has inherited is its parent's, which is older.
        foreach (var pid in Pids().OrderDescending())
        {
            try
            {
                foreach (var file in new DirectoryInfo($"/proc/{pid}/fd").EnumerateFileSystemInfos())
                {
                    if (file.LinkTarget is { } target && sockets.TryGetValue(target, out var port))
                        owners[port] = pid;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or somebody else's.
            }
        }

        return owners;
    }

    private static IEnumerable<int> Pids() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture));
}
