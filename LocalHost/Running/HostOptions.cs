using System.Globalization;
using System.Reflection;

namespace Engram.LocalHost.Running;

/// <summary>LocalHost's own command line; everything else on it is configuration.</summary>
internal sealed record HostOptions
{
    public const string Usage =
        """
        Options of the AppHost:
          --endpoints-file PATH   write addresses and the development key there as JSON once everything is healthy
          --data DIR              keep the database and the generated secrets there (default: a folder per checkout in the user's data folder)
          --ports auto|BASE       any free ports, or consecutive ones from BASE (default: the ports of the launch settings)
          --Parameters:NAME VALUE a parameter; also Parameters__NAME in the environment
        """;

    public required string DataDirectory { get; init; }

    public string? EndpointsFile { get; init; }

    public PortPlan Ports { get; init; } = PortPlan.AsConfigured;

    /// <summary>The arguments that are not LocalHost's.</summary>
    public IReadOnlyList<string> Rest { get; init; } = [];

    public bool Help { get; init; }

    public static HostOptions Parse(IReadOnlyList<string> args, Assembly? appHost)
    {
        string? data = null;
        string? endpoints = null;
        var ports = PortPlan.AsConfigured;
        var rest = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            var (name, inline) = args[i].Split('=', 2) is [var before, var after] ? (before, after) : (args[i], null);
            string Value() => inline ?? (i + 1 < args.Count ? args[++i] : throw new LocalHostException($"{name} needs a value.\n{Usage}"));
            switch (name)
            {
                case "--data":
                    data = Path.GetFullPath(Value());
                    break;
                case "--endpoints-file":
                    endpoints = Path.GetFullPath(Value());
                    break;
                case "--ports":
                    ports = PortPlan.Parse(Value());
                    break;
                default:
                    rest.Add(args[i]);
                    break;
            }
        }

        return new HostOptions
        {
            DataDirectory = data ?? UserFolders.DataOfCheckout(Checkout(appHost)),
            EndpointsFile = endpoints,
            Ports = ports,
            Rest = rest,
            Help = rest is ["--help"] or ["-h"],
        };
    }

    /// <summary>The AppHost's project folder, which its build writes into the assembly.</summary>
    public static string AppHostDirectory(Assembly? appHost) => Path.GetDirectoryName(Metadata(appHost, "AppHostProjectPath")) ?? Directory.GetCurrentDirectory();

    public static string? Metadata(Assembly? appHost, string key) =>
        appHost?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(metadata => metadata.Key == key)?.Value;

    private static string Checkout(Assembly? appHost) => Path.GetDirectoryName(AppHostDirectory(appHost)) ?? Directory.GetCurrentDirectory();
}

/// <summary>How endpoints get their ports.</summary>
/// <param name="First">The first of consecutive ports; 0 for any free ones; null for the configured ones.</param>
internal sealed record PortPlan(int? First)
{
    public static readonly PortPlan AsConfigured = new((int?)null);
    public static readonly PortPlan Auto = new(0);

    public static PortPlan Parse(string text)
    {
        if (text == "auto")
        {
            return Auto;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var first) && first is > 0 and < 65_500
            ? new PortPlan(first)
            : throw new LocalHostException($"--ports takes 'auto' or a port below 65500, not '{text}'.\n{HostOptions.Usage}");
    }
}
