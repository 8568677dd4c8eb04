using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Npgsql;

namespace Engram.LocalHost.Running;

/// <summary>Where everything is: for people a table, for tools a JSON file with the same keys.</summary>
internal sealed class EndpointsReport
{
    /// <summary>
    /// An assembly metadata item <c>EndpointsFile:{key}</c> of the AppHost names the parameter to publish under that key: the model
    /// has no word for it, and LocalHost shall not know the application.
    /// </summary>
    private const string ParameterMark = "EndpointsFile:";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<(string Key, string Value, string Shown)> _entries = [];

    public IReadOnlyDictionary<string, string> Entries => _entries.ToDictionary(entry => entry.Key, entry => entry.Value);

    public static async Task<EndpointsReport> MakeAsync(DistributedApplicationBuilder model, CancellationToken ct)
    {
        var report = new EndpointsReport();
        var links = new List<(string Key, string Value)>();
        foreach (var project in model.Resources.OfType<ProjectResource>())
        {
            var own = project.Annotations.OfType<EndpointAnnotation>().Select(endpoint => new EndpointReference(project, endpoint.Name).Url).FirstOrDefault();
            foreach (var url in project.Annotations.OfType<UrlAnnotation>())
            {
                var value = (await url.Url.GetValueAsync(ct))!;
                if (url.DisplayText is null || url.DisplayText == project.Name)
                {
                    // A link that bears the resource's name is the resource's address (one with a path, say).
                    own = value;
                }
                else
                {
                    links.Add(($"{project.Name}_{url.DisplayText}", value));
                }
            }

            if (own is not null)
            {
                report.Add(project.Name, own);
            }
        }

        foreach (var server in model.Resources.OfType<PostgresServerResource>())
        {
            IResourceWithConnectionString resource = server.DatabaseResources is [var first, ..] ? first : server;
            var value = (await resource.GetConnectionStringAsync(ct))!;
            var shown = new NpgsqlConnectionStringBuilder(value);
            report.Add(server.Name, value, $"{shown.Host}:{shown.Port.ToString(CultureInfo.InvariantCulture)} database {shown.Database}, user {shown.Username}");
        }

        foreach (var metadata in model.AppHost?.GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), false).Cast<System.Reflection.AssemblyMetadataAttribute>() ?? [])
        {
            if (metadata.Key.StartsWith(ParameterMark, StringComparison.Ordinal))
            {
                var parameter = model.Resources.OfType<ParameterResource>().FirstOrDefault(candidate => candidate.Name == metadata.Value)
                    ?? throw new DistributedApplicationException($"The assembly metadata '{metadata.Key}' names no parameter: '{metadata.Value}'.");
                report.Add(metadata.Key[ParameterMark.Length..], (await parameter.GetValueAsync(ct))!);
            }
        }

        links.ForEach(link => report.Add(link.Key, link.Value));
        return report;
    }

    public IEnumerable<string> Table(double seconds)
    {
        var width = _entries.Max(entry => entry.Key.Length);
        return
        [
            "",
            $"  Healthy after {seconds.ToString("0.0", CultureInfo.InvariantCulture)} s. Stop with Ctrl-C.",
            "",
            .. _entries.Select(entry => $"  {entry.Key.PadRight(width)}  {entry.Shown}"),
            "",
        ];
    }

    /// <summary>It holds secrets: only the owner may read it.</summary>
    public void WriteFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, JsonSerializer.Serialize(Entries, Readable) + "\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private void Add(string key, string value, string? shown = null) => _entries.Add((key, value, shown ?? value));
}
