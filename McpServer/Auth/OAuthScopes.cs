using System.Collections.Frozen;
using System.Text.Json;
using Engram.Engine.Keys;
using Microsoft.Extensions.Options;

namespace Engram.McpServer.Auth;

/// <summary>The issuer's scopes and this product's: each in the other's words.</summary>
internal sealed class OAuthScopes
{
    private readonly (string Name, Scopes Grants)[] _pairs;
    private readonly FrozenDictionary<string, Scopes> _byName;

    public OAuthScopes(IOptions<OAuthOptions> options)
    {
        var mapped = options.Value.Scopes;
        _pairs = mapped.Length > 0
            ? [.. mapped.Select(scope => (scope.Name, Parse(scope.Grants)))]
            : [.. ScopeNames.All.Select(name => (name, Parse([name])))];
        _byName = _pairs.GroupBy(pair => pair.Name, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.Aggregate(Scopes.None, (all, pair) => all | pair.Grants), StringComparer.Ordinal);
    }

    /// <summary>What a token allows. Scopes this product does not know (<c>openid</c>, another service's) allow nothing here.</summary>
    public Scopes Read(JsonElement claims, IReadOnlyList<string> from)
    {
        var granted = Scopes.None;
        foreach (var claim in from)
        {
            if (!claims.TryGetProperty(claim, out var value))
            {
                continue;
            }

            var names = value.ValueKind switch
            {
                JsonValueKind.String => value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                JsonValueKind.Array => value.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!),
                _ => [],
            };
            granted = names.Aggregate(granted, (all, name) => all | _byName.GetValueOrDefault(name));
        }

        return granted;
    }

    /// <summary>The issuer's names for what is needed: for each part the scope that grants it and least beside it.</summary>
    public IEnumerable<string> NamesFor(Scopes needed) => ScopeNames.Of(needed)
        .Select(name => Parse([name]))
        .Select(part => _pairs.Where(pair => pair.Grants.HasFlag(part)).MinBy(pair => int.PopCount((int)pair.Grants)).Name)
        .Where(name => name is not null)
        .Distinct(StringComparer.Ordinal);

    private static Scopes Parse(IEnumerable<string> names) => ScopeNames.TryParse(names, out var scopes, out _) ? scopes : Scopes.None;
}
