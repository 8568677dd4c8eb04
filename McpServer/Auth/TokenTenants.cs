using System.Collections.Concurrent;
using Engram.Engine.Accounts;
using Engram.Engine.Keys;

namespace Engram.McpServer.Auth;

/// <summary>The tenants that tokens name, remembered for some seconds: a deleted one is refused that much later at most.</summary>
internal sealed class TokenTenants(Tenants tenants, TimeProvider time)
{
    private const int MaxRemembered = 10_000;

    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<Guid, (TenantInfo? Tenant, DateTimeOffset Until)> _known = new();

    public async ValueTask<TenantInfo?> FindAsync(Guid id, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (_known.TryGetValue(id, out var known) && now < known.Until)
        {
            return known.Tenant;
        }

        // The tenant a starting host calls itself as is nobody's.
        var tenant = id == WarmUpCaller.Tenant.Id ? null : await tenants.FindAsync(id, ct);
        if (_known.Count >= MaxRemembered)
        {
            _known.Clear();
        }

        _known[id] = (tenant, now + Remembered);
        return tenant;
    }
}
