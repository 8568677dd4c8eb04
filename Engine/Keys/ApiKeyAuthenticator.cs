using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Keys;

/// <summary>
/// Finds out who presents a key: from the cache in about a microsecond, else by the unique index on the key's HMAC, else, for a key that
/// was issued before keys were stored as HMACs, by bcrypt, and then the row is upgraded.
/// </summary>
public sealed class ApiKeyAuthenticator : IDisposable
{
    // Each bcrypt check keeps a core of the database busy for tens of milliseconds: a flood of wrong legacy keys must not take them all.
    private const int ConcurrentBcryptChecks = 2;

    private readonly KeyHasher _hasher;
    private readonly KeyCache _cache;
    private readonly KeyRows _rows;
    private readonly LastUsedWriter _lastUsed;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeyAuthenticator> _log;
    private readonly Counter<long> _refusals;
    private readonly SemaphoreSlim _bcrypt = new(ConcurrentBcryptChecks);

    internal ApiKeyAuthenticator(
        KeyHasher hasher, KeyCache cache, KeyRows rows, LastUsedWriter lastUsed, TimeProvider time, IMeterFactory meters, ILogger<ApiKeyAuthenticator> log)
    {
        (_hasher, _cache, _rows, _lastUsed, _time, _log) = (hasher, cache, rows, lastUsed, time, log);
        _refusals = meters.Create("Engram").CreateCounter<long>("engram.keys.refused", "{request}", "Requests refused for their key, by reason");
    }

    /// <summary>Authenticates a presented key. Whatever it is refused for, the caller must be told the same.</summary>
    /// <param name="presentedKey">As the caller sent it; empty when there was none.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <returns>The principal, or the reason for the refusal, which has been counted already.</returns>
    /// <exception cref="NpgsqlException">The database cannot be asked and the key is not cached.</exception>
    public ValueTask<KeyAuthentication> AuthenticateAsync(string? presentedKey, CancellationToken cancellationToken = default)
    {
        if (string.IsNullOrEmpty(presentedKey))
            return new(Refuse(KeyFailure.Missing));
        var wellFormed = ApiKeyFormat.IsWellFormed(presentedKey);
        if (!wellFormed && !MayBeLegacy(presentedKey))
            return new(Refuse(KeyFailure.Malformed));

        var digest = _hasher.Digest(presentedKey);
        var now = _time.GetUtcNow();
        if (_cache.Find(digest, now) is { } cached)
        {
            _lastUsed.Note(cached, now);
            return new(new KeyAuthentication(cached.Principal, KeyFailure.None));
        }

        return _cache.FindRefusal(digest, now) is var failure and not KeyFailure.None
            ? new(Refuse(failure))
            : new(LookUpAsync(presentedKey, digest, cancellationToken));
    }

    /// <inheritdoc/>
    public void Dispose() => _bcrypt.Dispose();

    /// <summary>
    /// Whether text that is no well-formed key may be one issued before there was a checksum. Something of today's exact length and
    /// prefix is a mistyped key of today, and costs no lookup.
    /// </summary>
    private static bool MayBeLegacy(string key)
    {
        if (key.Length is < 20 or > 128 or ApiKeyFormat.Length || !key.StartsWith(ApiKeyFormat.Prefix, StringComparison.Ordinal))
            return false;
        foreach (var c in key)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))
                return false;
        }

        return true;
    }

    private async Task<KeyAuthentication> LookUpAsync(string key, KeyDigest digest, CancellationToken cancellationToken)
    {
        var generation = _cache.Generation;
        var (row, mayBeLegacy) = await _rows.FindAsync(key, digest, cancellationToken);
        if (mayBeLegacy)
            row = await LookUpLegacyAsync(key, digest, cancellationToken);
        var now = _time.GetUtcNow();
        var failure = row?.State ?? KeyFailure.Unknown;
        if (row is null || failure != KeyFailure.None)
        {
            _cache.Refuse(digest, failure, now);
            return Refuse(failure);
        }

        _lastUsed.Note(_cache.Add(digest, row.Principal, row.ExpiresAt, generation, now), now);
        return new KeyAuthentication(row.Principal, KeyFailure.None);
    }

    private async ValueTask<KeyRow?> LookUpLegacyAsync(string key, KeyDigest digest, CancellationToken cancellationToken)
    {
        await _bcrypt.WaitAsync(cancellationToken);
        try
        {
            // Whoever waited here behind another use of the same key finds it upgraded, and needs no second bcrypt.
            var (row, mayBeLegacy) = await _rows.FindAsync(key, digest, cancellationToken);
            if (!mayBeLegacy)
                return row;
            row = await _rows.FindLegacyAsync(key, cancellationToken);
            if (row is { State: KeyFailure.None } && await _rows.UpgradeAsync(row.Principal, digest, cancellationToken))
                _log.LegacyKeyUpgraded(row.Principal.KeyId);
            return row ?? (await _rows.FindAsync(key, digest, cancellationToken)).Row;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The same key was imported twice, and the other row has been upgraded: that one is the key from now on.
            return (await _rows.FindAsync(key, digest, cancellationToken)).Row;
        }
        finally
        {
            _bcrypt.Release();
        }
    }

    private KeyAuthentication Refuse(KeyFailure failure)
    {
        _refusals.Add(1, new KeyValuePair<string, object?>("reason", NameOf(failure)));
        return KeyAuthentication.Refused(failure);
    }

    private static string NameOf(KeyFailure failure) => failure switch
    {
        KeyFailure.Missing => "missing",
        KeyFailure.Malformed => "malformed",
        KeyFailure.Revoked => "revoked",
        KeyFailure.Expired => "expired",
        _ => "unknown",
    };
}
