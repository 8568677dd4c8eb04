using System.Collections.Frozen;
using System.Text.Json;

namespace Engram.Engine.Providers;

/// <summary>The providers that are known by name: data (<c>catalogue.json</c>), read once.</summary>
public static class ProviderCatalogue
{
    private static readonly ProviderEntry[] Entries = CatalogueFile.Read<ProviderEntry[]>("catalogue.json");

    private static readonly FrozenDictionary<string, ProviderEntry> ById =
        Entries.ToFrozenDictionary(entry => entry.Id, StringComparer.OrdinalIgnoreCase);

    /// <summary>Every provider, in the order in which they are offered.</summary>
    public static IReadOnlyList<ProviderEntry> All => Entries;

    /// <summary>The provider of that id, or null.</summary>
    /// <param name="id">Such as <c>openai</c>; upper or lower case.</param>
    public static ProviderEntry? Find(string id) => ById.GetValueOrDefault(id);
}

/// <summary>Reads the JSON files that ship inside the assembly.</summary>
internal static class CatalogueFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = false,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    public static T Read<T>(string name)
    {
        using var file = typeof(CatalogueFile).Assembly.GetManifestResourceStream($"Providers.{name}")!;
        return JsonSerializer.Deserialize<T>(file, Options)!;
    }
}
