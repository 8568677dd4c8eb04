using System.ClientModel.Primitives;
using OpenAI;

namespace Engram.Engine.Providers;

/// <summary>What is different at Azure: the key's header, and in the older of its two APIs a URL for each deployment, with a version.</summary>
internal static class AzureWire
{
    private const string DefaultVersion = "2024-10-21";
    private const string Deployments = "/openai/deployments/";

    public static void Apply(OpenAIClientOptions options, ProviderConnection connection, string deployment)
    {
        var url = connection.BaseUrl;
        var path = url.GetLeftPart(UriPartial.Path).TrimEnd('/');

        // The newer API, below /openai/v1, has no version and takes the deployment as the model.
        var versionless = path.EndsWith("/openai/v1", StringComparison.OrdinalIgnoreCase);
        var version = versionless ? null : url.Query.Length > 0 ? url.Query[(url.Query.IndexOf('=', StringComparison.Ordinal) + 1)..] : DefaultVersion;
        options.Endpoint = new Uri(versionless || path.Contains(Deployments, StringComparison.OrdinalIgnoreCase)
            ? path
            : $"{(path.EndsWith("/openai", StringComparison.OrdinalIgnoreCase) ? path[..^"/openai".Length] : path)}{Deployments}{Uri.EscapeDataString(deployment)}");
        options.AddPolicy(new RequestPolicy(WireClients.KeyOf(connection), version), PipelinePosition.BeforeTransport);
    }

    private sealed class RequestPolicy(string key, string? version) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Apply(message.Request);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Apply(message.Request);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }

        private void Apply(PipelineRequest request)
        {
            request.Headers.Remove("Authorization");
            request.Headers.Set("api-key", key);
            if (version is not null)
            {
                request.Uri = new UriBuilder(request.Uri!) { Query = $"api-version={version}" }.Uri;
            }
        }
    }
}
