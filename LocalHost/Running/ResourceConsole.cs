namespace Engram.LocalHost.Running;

/// <summary>One terminal for all resources: every line starts with the name of its resource, in that resource's colour.</summary>
internal sealed class ResourceConsole
{
    private const string HostName = "apphost";
    private const string Reset = "\e[0m";

    private static readonly string[] Palette = ["\e[36m", "\e[33m", "\e[32m", "\e[35m", "\e[34m", "\e[96m", "\e[93m", "\e[92m", "\e[95m", "\e[94m"];

    private readonly TextWriter _output;
    private readonly Dictionary<string, string> _colours = new(StringComparer.Ordinal);
    private readonly int _width;
    private readonly bool _colour;
    private readonly Lock _gate = new();

    public ResourceConsole(TextWriter output, IReadOnlyList<string> resources)
    {
        _output = output;
        _width = resources.Append(HostName).Max(name => name.Length);
        _colour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        foreach (var (index, name) in resources.Index())
        {
            _colours[name] = Palette[index % Palette.Length];
        }
    }

    public void Line(string resource, string text) => Write(resource, _colours.GetValueOrDefault(resource, "\e[37m"), text);

    /// <summary>What the host itself has to say.</summary>
    public void Host(string text) => Write(HostName, "\e[1m", text);

    public void Error(string text) => Write(HostName, "\e[1;31m", text);

    public override string ToString()
    {
        lock (_gate)
        {
            return _output.ToString() ?? "";
        }
    }

    /// <summary>Lines without a name in front.</summary>
    public void Block(IEnumerable<string> lines)
    {
        lock (_gate)
        {
            foreach (var line in lines)
            {
                _output.WriteLine(line);
            }

            _output.Flush();
        }
    }

    private void Write(string name, string colour, string text)
    {
        lock (_gate)
        {
            foreach (var line in text.Split('\n'))
            {
                var padded = name.PadRight(_width);
                _output.WriteLine(_colour ? $"{colour}{padded} |{Reset} {line}" : $"{padded} | {line}");
            }

            _output.Flush();
        }
    }
}
