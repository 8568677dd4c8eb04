using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;

namespace Engram.LocalHost.Running;

/// <summary>The first profile of <c>Properties/launchSettings.json</c> that runs the project itself; the host applies it, as Aspire does.</summary>
internal sealed record LaunchSettings(
    IReadOnlyList<Uri> ApplicationUrls,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<string> Arguments) : IResourceAnnotation
{
    public static readonly LaunchSettings None = new([], new Dictionary<string, string>(), []);

    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static LaunchSettings Read(string projectPath)
    {
        var file = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        if (!File.Exists(file))
        {
            return None;
        }

        try
        {
            var profile = JsonNode.Parse(File.ReadAllText(file), documentOptions: Relaxed)?["profiles"]?.AsObject()
                .Select(entry => entry.Value).FirstOrDefault(value => (string?)value?["commandName"] == "Project");
            var urls = ((string?)profile?["applicationUrl"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return new LaunchSettings(
                [.. urls.Select(url => new Uri(url))],
                profile?["environmentVariables"]?.AsObject().ToDictionary(entry => entry.Key, entry => (string?)entry.Value ?? "") ?? [],
                ((string?)profile?["commandLineArgs"] ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        catch (Exception e) when (e is JsonException or UriFormatException or InvalidOperationException)
        {
            throw new LocalHostException($"{file} is not valid: {e.Message}", e);
        }
    }
}
