using Engram.Smoke.Wire;

namespace Engram.Smoke.Run;

/// <summary>A tenant with a key that may do everything in it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">The key.</param>
/// <param name="Api">A client that sends it.</param>
/// <param name="SetupToken">Token of its owner's one-time link; null where the tenant is not the smoke's own.</param>
internal sealed record SmokeTenant(string Id, string Key, ApiClient Api, string? SetupToken);

/// <summary>What the checks work on: tenants and buckets nobody else uses, and what must be taken back.</summary>
internal sealed class Fixture(Target target, CancellationToken stop) : IAsyncDisposable
{
    /// <summary>What the smoke's tenants are called; a run removes those that a killed one left.</summary>
    private const string TenantName = "Engram smoke";

    private static readonly TimeSpan LeftBehind = TimeSpan.FromHours(1);

    private readonly Stack<(string What, Func<Task<Reply>> Undo)> _undo = new();
    private readonly List<IDisposable> _clients = [];

    public Target Target => target;

    /// <summary>Tells this run's names from everybody else's.</summary>
    public string Mark { get; } = Guid.NewGuid().ToString("N")[..8];

    public SmokeTenant Tenant { get; private set; } = null!;

    /// <summary>A second tenant; null without an operator's secret.</summary>
    public SmokeTenant? Other { get; private set; }

    /// <summary>Why checks that need a tenant of the smoke's own are skipped; null where there is one.</summary>
    public string? NoOwnTenant => target.OperatorSecret is null ? "no operator secret given: the smoke works in the admin key's tenant, in buckets of its own" : null;

    /// <summary>Request ids that later groups look up, by what they were.</summary>
    public Dictionary<string, string> Requests { get; } = [];

    public string Bucket(string purpose) => $"smoke-{Mark}-{purpose}";

    public ApiClient Client(Uri address, string? key) => Keep(new ApiClient(address, key, stop));

    public T Keep<T>(T client)
        where T : IDisposable
    {
        _clients.Add(client);
        return client;
    }

    /// <summary>Takes something back at the end, last made first. It must not matter if it is gone already.</summary>
    public void Later(string what, Func<Task<Reply>> undo) => _undo.Push((what, undo));

    /// <exception cref="SmokeException">Nobody answers, or the key or the secret is refused.</exception>
    public async Task PrepareAsync()
    {
        var admin = Client(target.Api, target.AdminKey);
        var me = await AskAsync("the admin key", () => admin.GetAsync("/account/me"));
        if (target.OperatorSecret is null)
        {
            Tenant = new SmokeTenant(me.Text("tenant.id"), target.AdminKey, admin, SetupToken: null);
            return;
        }

        // Cleaning up goes on after Ctrl-C.
        var operates = Keep(new ApiClient(target.Api, target.OperatorSecret, CancellationToken.None));
        await SweepAsync(operates);
        Tenant = await NewTenantAsync(operates);
        Other = await NewTenantAsync(operates);
    }

    /// <summary>A bucket of the tenant that is removed at the end, if the tenant is not.</summary>
    public string NewBucket(string purpose)
    {
        var bucket = Bucket(purpose);
        if (Other is null)
            Later($"bucket {bucket}", () => Uncancelled(api => api.DeleteAsync($"/v1/buckets/{bucket}")));
        return bucket;
    }

    /// <summary>A key of the tenant; revoked at the end, if the tenant is not removed.</summary>
    public async Task<(string Id, string Key)> NewKeyAsync(string name, string[] scopes, string[]? buckets = null, DateTimeOffset? expiresAt = null)
    {
        var made = (await Tenant.Api.PostAsync("/account/keys", new { name = $"smoke {Mark} {name}", scopes, buckets, expires_at = expiresAt })).Is(201);
        var id = made.Text("id");
        RevokeLater(id);
        return (id, made.Text("key"));
    }

    public void RevokeLater(string keyId)
    {
        if (Other is null)
            Later($"key {keyId}", () => Uncancelled(api => api.DeleteAsync($"/account/keys/{keyId}")));
    }

    /// <summary>Stores a memory as a fixture, not as a check.</summary>
    public async Task<string> StoreAsync(string bucket, object memory, bool extracted = false) =>
        (await Tenant.Api.PostAsync($"/v1/buckets/{bucket}/memories{(extracted ? "?wait=extracted" : "")}", memory)).Is(201).Text("id");

    /// <summary>Takes everything back, whatever happened; says what could not be.</summary>
    public async Task<IReadOnlyList<string>> CleanUpAsync()
    {
        var left = new List<string>();
        while (_undo.TryPop(out var step))
        {
            try
            {
                var reply = await step.Undo().WaitAsync(TimeSpan.FromSeconds(20));
                if (reply.Status is not (200 or 204 or 404))
                    left.Add($"{step.What}: {reply}");
            }
            catch (Exception e) when (e is HttpRequestException or TimeoutException or TaskCanceledException)
            {
                left.Add($"{step.What}: {e.Message}");
            }
        }

        return left;
    }

    public ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        return ValueTask.CompletedTask;
    }

    private async Task<SmokeTenant> NewTenantAsync(ApiClient operates)
    {
        var made = await AskAsync("the operator's secret", () => operates.PostAsync("/admin/tenants", new { name = $"{TenantName} {Mark}" }));
        var id = made.Text("id");
        Later($"tenant {id}", () => operates.DeleteAsync($"/admin/tenants/{id}"));
        return new SmokeTenant(id, made.Text("key"), Client(target.Api, made.Text("key")), made.Text("setup_token"));
    }

    /// <summary>Removes what runs left that were killed, and only that: by its name and its age.</summary>
    private static async Task SweepAsync(ApiClient operates)
    {
        foreach (var tenant in (await AskAsync("the operator's secret", () => operates.GetAsync("/admin/tenants?limit=1000"))).Items("tenants"))
        {
            if (tenant.Text("name").StartsWith(TenantName + " ", StringComparison.Ordinal) && DateTimeOffset.UtcNow - tenant.At("created_at").GetDateTimeOffset() > LeftBehind)
                await operates.DeleteAsync($"/admin/tenants/{tenant.Text("id")}");
        }
    }

    private async Task<Reply> Uncancelled(Func<ApiClient, Task<Reply>> ask)
    {
        using var client = new ApiClient(target.Api, Tenant.Key, CancellationToken.None);
        return await ask(client);
    }

    private static async Task<Reply> AskAsync(string what, Func<Task<Reply>> ask)
    {
        Reply reply;
        try
        {
            reply = await ask();
        }
        catch (HttpRequestException e)
        {
            throw new SmokeException($"No Api answers: {e.Message}", e);
        }

        return reply.Status is 200 or 201 ? reply : throw new SmokeException($"{what} did not do: {reply}");
    }
}
