using Engram.Engine.Keys;
using Npgsql;

namespace Engram.Engine.PostgresTests.Keys;

public class LegacyKeyTests(EngineFixture fixture)
{
    // Cheap on purpose: what is tested is the way, not the work factor.
    private const int Cost = 4;

    [Theory]
    [InlineData("$2a$", 12)]
    [InlineData("$2b$", 15)]
    [InlineData("$2y$", 20)]
    public async Task A_legacy_key_works_and_its_row_is_upgraded_on_first_use(string variant, int prefixLength)
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var key = "eng_live_" + Guid.NewGuid().ToString("N");
        var id = await InsertAsync(tenant, key, variant, prefixLength);

        var (principal, _) = await host.Authenticator.AuthenticateAsync(key);

        Assert.Equal(id, principal?.KeyId);
        Assert.Equal(tenant, principal!.Tenant);
        await AssertUpgradedAsync(id, host.Hash(key));

        // Another process finds it by the index now.
        await using var later = new KeyTestHost(fixture);
        Assert.Equal(KeyFailure.None, await later.FailureAsync(key));
    }

    [Fact]
    public async Task A_key_of_todays_form_may_be_a_legacy_row_too()
    {
        await using var host = new KeyTestHost(fixture);
        var key = ApiKeyFormat.Generate();
        var id = await InsertAsync(await fixture.NewTenantAsync(), key, "$2b$", 15);

        Assert.Equal(KeyFailure.None, await host.FailureAsync(key));
        Assert.Null((await StoredAsync(id)).Bcrypt);
    }

    [Fact]
    public async Task A_wrong_key_with_the_same_prefix_is_refused_and_changes_nothing()
    {
        await using var host = new KeyTestHost(fixture);
        var key = "eng_live_" + Guid.NewGuid().ToString("N");
        var id = await InsertAsync(await fixture.NewTenantAsync(), key, "$2a$", 15);

        Assert.Equal(KeyFailure.Unknown, await host.FailureAsync(key[..^1] + (key[^1] == '0' ? '1' : '0')));
        var (hash, bcrypt) = await StoredAsync(id);
        Assert.Null(hash);
        Assert.NotNull(bcrypt);
    }

    [Fact]
    public async Task A_revoked_or_expired_legacy_key_is_refused_and_not_upgraded()
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var revoked = "eng_live_" + Guid.NewGuid().ToString("N");
        var revokedId = await InsertAsync(tenant, revoked, "$2a$", 15, "revoked_at = now()");
        var expired = "eng_live_" + Guid.NewGuid().ToString("N");
        await InsertAsync(tenant, expired, "$2a$", 15, "expires_at = now() - interval '1 hour'");

        Assert.Equal(KeyFailure.Revoked, await host.FailureAsync(revoked));
        Assert.Equal(KeyFailure.Expired, await host.FailureAsync(expired));
        Assert.Null((await StoredAsync(revokedId)).Hash);
    }

    [Fact]
    public async Task Concurrent_first_uses_in_two_processes_all_succeed_and_upgrade_once()
    {
        await using var one = new KeyTestHost(fixture);
        await using var two = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var key = "eng_live_" + Guid.NewGuid().ToString("N");
        var id = await InsertAsync(tenant, key, "$2b$", 15);

        var results = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => (i % 2 == 0 ? one : two).FailureAsync(key)));

        Assert.All(results, failure => Assert.Equal(KeyFailure.None, failure));
        await AssertUpgradedAsync(id, one.Hash(key));
    }

    [Fact]
    public async Task A_key_imported_twice_still_works()
    {
        await using var host = new KeyTestHost(fixture, background: false, ("Engram:Keys:CacheSeconds", "0"));
        var tenant = await fixture.NewTenantAsync();
        var key = "eng_live_" + Guid.NewGuid().ToString("N");
        var first = await InsertAsync(tenant, key, "$2a$", 15);
        await InsertAsync(tenant, key, "$2a$", 15);

        for (var i = 0; i < 3; i++)
            Assert.Equal(first, (await host.Authenticator.AuthenticateAsync(key)).Principal?.KeyId);
    }

    private async Task<Guid> InsertAsync(Tenant tenant, string key, string variant, int prefixLength, string? change = null)
    {
        await using var connection = new NpgsqlConnection(fixture.Database.Owner);
        await connection.OpenAsync();
        var id = Guid.CreateVersion7();
        await using var insert = new NpgsqlCommand(
            """
            insert into engram.api_keys (tenant_id, id, name, prefix, bcrypt_hash, scopes)
            values ($1, $2, 'legacy', $3, $4 || substr(public.crypt($5, public.gen_salt('bf', $6)), 5), '{memories:read}')
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = tenant.Id }, new() { Value = id }, new() { Value = key[..prefixLength] },
                new() { Value = variant }, new() { Value = key }, new() { Value = Cost },
            },
        };
        await insert.ExecuteNonQueryAsync();
        if (change is not null)
        {
            await using var update = new NpgsqlCommand($"update engram.api_keys set {change} where id = $1", connection) { Parameters = { new() { Value = id } } };
            await update.ExecuteNonQueryAsync();
        }

        return id;
    }

    private async Task AssertUpgradedAsync(Guid id, byte[] expected)
    {
        var (hash, bcrypt) = await StoredAsync(id);
        Assert.Equal(expected, hash);
        Assert.Null(bcrypt);
    }

    private async Task<(byte[]? Hash, string? Bcrypt)> StoredAsync(Guid id)
    {
        await using var connection = new NpgsqlConnection(fixture.Database.Owner);
        await connection.OpenAsync();
        await using var select = new NpgsqlCommand("select hash, bcrypt_hash from engram.api_keys where id = $1", connection) { Parameters = { new() { Value = id } } };
        await using var reader = await select.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return (reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0), reader.IsDBNull(1) ? null : reader.GetString(1));
    }
}
