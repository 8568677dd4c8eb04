using System.Collections.Frozen;

namespace Engram.Engine.Keys;

/// <summary>What a key may do. Each value has a name on the wire: see <see cref="ScopeNames"/>.</summary>
[Flags]
public enum Scopes
{
    /// <summary>Nothing beyond asking who it is.</summary>
    None = 0,

    /// <summary><c>memories:read</c>: list, get, query.</summary>
    MemoriesRead = 1,

    /// <summary><c>memories:write</c>: store and edit.</summary>
    MemoriesWrite = 2,

    /// <summary><c>memories:delete</c>: delete and clear.</summary>
    MemoriesDelete = 4,

    /// <summary><c>buckets:admin</c>: create and delete buckets.</summary>
    BucketsAdmin = 8,

    /// <summary><c>usage:read</c>: plan usage, latency and other figures.</summary>
    UsageRead = 16,

    /// <summary><c>account:admin</c>: keys, providers and members.</summary>
    AccountAdmin = 32,

    /// <summary>Every scope there is.</summary>
    All = MemoriesRead | MemoriesWrite | MemoriesDelete | BucketsAdmin | UsageRead | AccountAdmin,
}

/// <summary>The scopes' names on the wire and in the database.</summary>
public static class ScopeNames
{
    private static readonly (Scopes Scope, string Name)[] Pairs =
    [
        (Scopes.MemoriesRead, "memories:read"),
        (Scopes.MemoriesWrite, "memories:write"),
        (Scopes.MemoriesDelete, "memories:delete"),
        (Scopes.BucketsAdmin, "buckets:admin"),
        (Scopes.UsageRead, "usage:read"),
        (Scopes.AccountAdmin, "account:admin"),
    ];

    private static readonly FrozenDictionary<string, Scopes> ByName =
        Pairs.ToFrozenDictionary(pair => pair.Name, pair => pair.Scope, StringComparer.Ordinal);

    /// <summary>Every scope's name, in a fixed order.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Pairs.Select(pair => pair.Name)];

    /// <summary>The names of the scopes in <paramref name="scopes"/>, in a fixed order.</summary>
    public static string[] Of(Scopes scopes) => [.. Pairs.Where(pair => scopes.HasFlag(pair.Scope)).Select(pair => pair.Name)];

    /// <summary>Reads names. False, with the first unknown one, if any is not known.</summary>
    public static bool TryParse(IEnumerable<string> names, out Scopes scopes, out string? unknown)
    {
        scopes = Scopes.None;
        unknown = null;
        foreach (var name in names)
        {
            if (!ByName.TryGetValue(name, out var scope))
            {
                unknown = name;
                return false;
            }

            scopes |= scope;
        }

        return true;
    }

    /// <summary>
    /// Reads names out of the database. A name this version does not know (a newer one wrote it) grants nothing rather than failing.
    /// </summary>
    internal static Scopes Known(string[] names)
    {
        var scopes = Scopes.None;
        foreach (var name in names)
            scopes |= ByName.GetValueOrDefault(name);
        return scopes;
    }
}
