using System.Runtime.InteropServices;

namespace Engram.Benchmarks.Terminal;

/// <summary>What a figure was measured on. Without it a figure means nothing.</summary>
internal sealed record Machine(string System, string Processor, int Cores, string Runtime, DateTimeOffset At)
{
    public static Machine Current() => new(
        RuntimeInformation.OSDescription, ProcessorName(), Environment.ProcessorCount, RuntimeInformation.FrameworkDescription, DateTimeOffset.UtcNow);

    public override string ToString() => $"{System}, {Processor}, {Cores} cores, {Runtime}, {At:yyyy-MM-dd HH:mm} UTC";

    private static string ProcessorName()
    {
        const string info = "/proc/cpuinfo";
        var line = File.Exists(info) ? File.ReadLines(info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
