using Engram.Engine.Audit;
using Engram.Engine.Providers;
using Engram.Engine.Providers.Vault;
using Engram.Tests.Shared;

namespace Engram.Engine.PostgresTests.Providers;

public sealed class ProviderStoreTests(EngineFixture engine)
{
    private ProviderStore Store => engine.Get<ProviderStore>();

    [Fact]
    public async Task A_key_comes_back_only_where_a_provider_is_called()
    {
        var actor = ActorOf(await engine.NewTenantAsync());
        var made = await Store.CreateAsync(actor, Wanted("sk-first-key-aaaa1111"));

        Assert.Equal("1111", made.LastFour);
        Assert.Equal("sk-first-key-aaaa1111", (await Store.OpenAsync(actor.Tenant, made.Id))!.Key.Reveal());
        Assert.DoesNotContain("sk-first", made.ToString(), StringComparison.Ordinal);
        Assert.Null(await Store.OpenAsync(await engine.NewTenantAsync(), made.Id));
    }

    [Theory]
    [InlineData("update engram.provider_connections set sealed_key = (select sealed_key from engram.provider_connections where id = '{1}') where id = '{0}'")]
    [InlineData("update engram.provider_connections set provider = 'mistral' where id = '{0}'")]
    [InlineData("update engram.tenant_data_keys set wrapped_key = (select wrapped_key from engram.tenant_data_keys where tenant_id = '{3}') where tenant_id = '{2}'")]
    public async Task A_ciphertext_moved_to_another_tenant_connection_or_provider_does_not_decrypt(string move)
    {
        var (mine, other) = (ActorOf(await engine.NewTenantAsync()), ActorOf(await engine.NewTenantAsync()));
        var here = await Store.CreateAsync(mine, Wanted("sk-mine-aaaaaaaa1111"));
        var there = await Store.CreateAsync(other, Wanted("sk-theirs-bbbbbb2222"));
        await Store.OpenAsync(mine.Tenant, here.Id);

        await engine.Database.ExecuteAsync(string.Format(null, System.Text.CompositeFormat.Parse(move), here.Id, there.Id, mine.Tenant.Id, other.Tenant.Id));

        await Assert.ThrowsAsync<VaultException>(() => Store.OpenAsync(mine.Tenant, here.Id));
        Assert.Equal("sk-theirs-bbbbbb2222", (await Store.OpenAsync(other.Tenant, there.Id))!.Key.Reveal());
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_with_what_it_was_and_what_it_became()
    {
        var actor = ActorOf(await engine.NewTenantAsync());
        var store = new ProviderStore(
            engine.TenantDb, engine.Get<KeyVault>(), engine.Get<DataKeys>(), engine.Get<ModelCache>(), engine.Get<Breakers>(), new TickingClock(TimeSpan.FromMilliseconds(1)));
        var made = await store.CreateAsync(actor, Wanted("sk-first-key-aaaa1111"));
        await store.SetRoleAsync(actor, ModelRole.Synthesize, made.Id, "gpt-4.1");
        await store.RotateAsync(actor, made.Id, new ProviderSecret("sk-second-key-bb2222"));
        await store.UpdateAsync(actor, made.Id, "Renamed", new Dictionary<string, ModelPrice> { ["gpt-4.1"] = new(1.5m, 6) });
        await store.ClearRoleAsync(actor, ModelRole.Synthesize);
        await store.DeleteAsync(actor, made.Id);

        var entries = await engine.Get<AuditReader>().ReadAsync(actor.Tenant, new AuditFilter(), null, 100);
        Assert.Equal(
            ["provider.delete", "model.clear", "provider.update", "provider.rotate", "model.set", "provider.create"], entries.Select(entry => entry.Action));
        var rotated = entries.Single(entry => entry.Action == "provider.rotate");
        Assert.Equal(("1111", "2222"), (rotated.Before!.Value.GetProperty("last_four").GetString(), rotated.After!.Value.GetProperty("last_four").GetString()));
        Assert.Equal((actor.Name, actor.KeyPrefix, actor.Ip, actor.RequestId), (rotated.Actor, rotated.KeyPrefix, rotated.Ip, rotated.RequestId));
        Assert.DoesNotContain("sk-", string.Concat(entries.Select(entry => $"{entry.Before}{entry.After}")), StringComparison.Ordinal);
        Assert.Single(await engine.Get<AuditReader>().ReadAsync(actor.Tenant, new AuditFilter(Action: "model.", From: entries[3].At), entries[0].Id, 1));
    }

    [Fact]
    public async Task A_role_takes_no_connection_of_another_tenant()
    {
        var (mine, other) = (ActorOf(await engine.NewTenantAsync()), ActorOf(await engine.NewTenantAsync()));
        var theirs = await Store.CreateAsync(other, Wanted("sk-theirs-bbbbbb2222"));

        Assert.Null(await Store.SetRoleAsync(mine, ModelRole.Extract, theirs.Id, "gpt-4.1"));
        Assert.Null(await Store.RotateAsync(mine, theirs.Id, new ProviderSecret("sk-stolen-xxxxxxxxx")));
        Assert.Null(await Store.UpdateAsync(mine, theirs.Id, "Mine now", null));
        Assert.False(await Store.DeleteAsync(mine, theirs.Id));
        Assert.Equal("sk-theirs-bbbbbb2222", (await Store.OpenAsync(other.Tenant, theirs.Id))!.Key.Reveal());
    }

    internal static NewConnection Wanted(string key, string provider = "openai") => new(provider, "Ours", null, new ProviderSecret(key));

    internal static Actor ActorOf(Tenant tenant) =>
        new(tenant, "ann@example.org", Guid.CreateVersion7(), "eng_live_abcdef", "127.0.0.1", Guid.CreateVersion7());
}
