namespace Engram.Engine.Providers.Vault;

/// <summary>
/// Section <c>Engram:Vault</c>: the master keys that wrap the tenants' data keys. They are in no database, and in no backup of one. A host
/// needs every version something is still wrapped under; <c>Worker rotate-keys</c> brings everything to the current one.
/// </summary>
public sealed class VaultOptions
{
    /// <summary>Master keys by version (1 and up): 32 bytes each, in base64.</summary>
    public Dictionary<string, string> MasterKeys { get; } = [];

    /// <summary>
    /// A file with further master keys, a line each: <c>version:base64</c>; blank lines and lines that begin with # are passed over. It is
    /// read again when a version is asked for that is not known, so a new version needs no restart.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>The version new data keys are wrapped under. Left out: the highest there is.</summary>
    public int? CurrentVersion { get; set; }
}
