using System.Security.Cryptography;
using Aspire.Hosting.Publishing;

namespace Engram.AppHost;

/// <summary>Makes version 1 of the key that protects the tenants' provider keys: 32 random bytes.</summary>
internal sealed class MasterKeyDefault : ParameterDefault
{
    public override string GetDefaultValue() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>Nothing: a deployment is given its key, a generator of other text cannot make one.</summary>
    public override void WriteToManifest(ManifestPublishingContext context)
    {
    }
}
