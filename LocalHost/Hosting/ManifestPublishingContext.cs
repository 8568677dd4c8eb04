using System.Text.Json;

namespace Aspire.Hosting.Publishing;

/// <summary>Exists so that an application's own <see cref="ApplicationModel.ParameterDefault"/> compiles; LocalHost publishes nothing.</summary>
public sealed class ManifestPublishingContext(Utf8JsonWriter writer)
{
    public Utf8JsonWriter Writer { get; } = writer;
}
