using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Engram.Benchmarks.Platform;
using Npgsql;

namespace Engram.Benchmarks.Latency;

/// <summary>What it costs to verify a key, seen by its caller: the whole of one GET /router/buckets.</summary>
/// <param name="Cached">A key that was used just before.</param>
/// <param name="FirstUse">The first use of a key that is stored as an HMAC: one lookup by the unique index.</param>
/// <param name="LegacyFirstUse">The first use of a legacy key: bcrypt in the database, and the upgrade of the row.</param>
/// <param name="LegacyUpgraded">The second use of a legacy key.</param>
/// <param name="Errors">Requests that were refused.</param>
internal sealed record KeyTimes(Percentiles Cached, Percentiles FirstUse, Percentiles LegacyFirstUse, Percentiles LegacyUpgraded, int Errors);

/// <summary>
/// Times both ways of verifying a key over HTTP. Legacy rows cannot be made through the API, which is the point of them, so they are written as the
/// database's owner, with pgcrypto's bcrypt at its customary cost of 10; the HMAC rows are made through the API. All are removed afterwards.
/// </summary>
internal sealed class KeyTiming(PlatformAddress platform)
{
    private const int Keys = 20;
    private const int PrefixLength = 16;
    private const string Mark = "engram-benchmarks";

    private const string InsertLegacy = """
        insert into engram.api_keys (tenant_id, id, name, prefix, bcrypt_hash, scopes)
        select tenant_id, gen_random_uuid(), $2, left($3, $4), public.crypt($3, public.gen_salt('bf', 10)), scopes from engram.api_keys where id = $1
        """;

    public async Task<KeyTimes> MeasureAsync(CancellationToken cancellationToken)
    {
        using var client = new PlatformClient(platform);
        await using var source = NpgsqlDataSource.Create(platform.Postgres!);
        try
        {
            var (modern, legacy, model) = (new List<string>(), new List<string>(), Guid.Empty);
            for (var i = 0; i < Keys; i++)
            {
                var (id, key) = await client.CreateKeyAsync(Mark, cancellationToken);
                model = id;
                modern.Add(key);
            }

            for (var i = 0; i < Keys; i++)
            {
                var key = "eng_live_" + RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 32);
                await using var insert = source.CreateCommand(InsertLegacy);
                foreach (var value in new object[] { model, Mark, key, PrefixLength })
                    insert.Parameters.Add(new NpgsqlParameter { Value = value });
                await insert.ExecuteNonQueryAsync(cancellationToken);
                legacy.Add(key);
            }

            return await TimeAsync(modern, legacy, cancellationToken);
        }
        finally
        {
            await using var delete = source.CreateCommand("delete from engram.api_keys where name = $1");
            delete.Parameters.AddWithValue(Mark);
            await delete.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private async Task<KeyTimes> TimeAsync(List<string> modern, List<string> legacy, CancellationToken cancellationToken)
    {
        using var connection = await RawConnection.OpenAsync(platform.Api, cancellationToken);
        var errors = 0;
        for (var i = 0; i < 200; i++)
            await CallAsync(platform.Key);
        var (cached, first, legacyFirst, upgraded) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Keys; i++)
        {
            cached.Add(await CallAsync(platform.Key));
            first.Add(await CallAsync(modern[i]));
            legacyFirst.Add(await CallAsync(legacy[i]));
            upgraded.Add(await CallAsync(legacy[i]));
        }

        return new KeyTimes(Percentiles.Of(cached), Percentiles.Of(first), Percentiles.Of(legacyFirst), Percentiles.Of(upgraded), errors);

        async Task<double> CallAsync(string key)
        {
            var request = RawRequest.Get(platform.Api, "/router/buckets", key);
            var start = Stopwatch.GetTimestamp();
            if (await connection.ExchangeAsync(request, cancellationToken) != 200)
                errors++;
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    public static string Describe(KeyTimes times) => string.Create(CultureInfo.InvariantCulture, $"""
        Key verification, p50/p95 ms of a whole GET /router/buckets, {Keys} keys each: cached {times.Cached.P50:0.00}/{times.Cached.P95:0.00}; first use, HMAC
        {times.FirstUse.P50:0.00}/{times.FirstUse.P95:0.00}; first use, legacy bcrypt (cost 10, upgraded by it) {times.LegacyFirstUse.P50:0.00}/{times.LegacyFirstUse.P95:0.00};
        second use of a legacy key {times.LegacyUpgraded.P50:0.00}/{times.LegacyUpgraded.P95:0.00}; refused {times.Errors}.
        """);
}
