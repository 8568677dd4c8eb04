using Aspire.Hosting.Publishing;
using Engram.Engine.Keys;

namespace Engram.AppHost;

/// <summary>Makes the key of the development tenant.</summary>
internal sealed class ApiKeyDefault : ParameterDefault
{
    public override string GetDefaultValue() => ApiKeyFormat.Generate();

    /// <summary>Nothing: a deployment is given its key, a generator of other text cannot make one.</summary>
    public override void WriteToManifest(ManifestPublishingContext context)
    {
    }
}
