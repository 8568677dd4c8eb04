using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Keys;

/// <summary>
/// Keys seen lately, bounded in number and time, keyed by HMAC. Authenticated ones for tens of seconds, refused ones for about two.
/// </summary>
/// <remarks>
/// A lookup that began before an invalidation must not put its stale row back after it: callers take <see cref="Generation"/> before they
/// ask the database and hand it in with the row, and a row of an older generation is not kept.
/// </remarks>
internal sealed class KeyCache(IOptions<KeyOptions> options)
{
    /// <summary>Channel on which other processes tell of revoked keys; the payload is the key's id.</summary>
    public const string Channel = "engram_keys";

    private readonly ConcurrentDictionary<KeyDigest, CachedKey> _known = new();
    private readonly ConcurrentDictionary<KeyDigest, Refusal> _refused = new();
    private readonly TimeSpan _knownFor = TimeSpan.FromSeconds(options.Value.CacheSeconds);
    private readonly TimeSpan _refusedFor = TimeSpan.FromSeconds(options.Value.RefusedSeconds);
    private readonly int _capacity = options.Value.CacheEntries;
    private int _knownCount;
    private int _refusedCount;
    private long _generation;

    public long Generation => Volatile.Read(ref _generation);

    /// <summary>The cached key, or null. Allocates nothing.</summary>
    public CachedKey? Find(in KeyDigest digest, DateTimeOffset now) =>
        _known.TryGetValue(digest, out var key) && now < key.ValidUntil ? key : null;

    public KeyFailure FindRefusal(in KeyDigest digest, DateTimeOffset now) =>
        _refused.TryGetValue(digest, out var refusal) && now < refusal.ValidUntil ? refusal.Failure : KeyFailure.None;

    public CachedKey Add(in KeyDigest digest, Principal principal, DateTimeOffset? expiresAt, long generation, DateTimeOffset now)
    {
        var validUntil = now + _knownFor;
        var key = new CachedKey(principal, expiresAt is { } expiry && expiry < validUntil ? expiry : validUntil);
        if (_knownFor == TimeSpan.Zero || generation != Generation)
            return key;

        MakeRoom(_known, ref _knownCount, static (cached, at) => at >= cached.ValidUntil, now);
        if (_known.TryAdd(digest, key))
            Interlocked.Increment(ref _knownCount);
        else
            _known[digest] = key;

        // An invalidation may have passed between the check above and the insertion.
        if (generation != Generation)
            Remove(digest);
        return key;
    }

    public void Refuse(in KeyDigest digest, KeyFailure failure, DateTimeOffset now)
    {
        if (_refusedFor == TimeSpan.Zero)
            return;
        MakeRoom(_refused, ref _refusedCount, static (refusal, at) => at >= refusal.ValidUntil, now);
        var refused = new Refusal(failure, now + _refusedFor);
        if (_refused.TryAdd(digest, refused))
            Interlocked.Increment(ref _refusedCount);
        else
            _refused[digest] = refused;
    }

    /// <summary>Forgets every entry of one key: it was revoked or changed.</summary>
    public void Invalidate(Guid keyId)
    {
        Interlocked.Increment(ref _generation);
        foreach (var (digest, key) in _known)
        {
            if (key.Principal.KeyId == keyId)
                Remove(digest);
        }
    }

    /// <summary>Forgets the key a notification names.</summary>
    public void Hear(string payload)
    {
        if (Guid.TryParse(payload, out var keyId))
            Invalidate(keyId);
        else
            Clear();
    }

    /// <summary>Forgets everything: invalidations may have been missed.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref _generation);
        foreach (var (digest, _) in _known)
            Remove(digest);
    }

    private void Remove(in KeyDigest digest)
    {
        if (_known.TryRemove(digest, out _))
            Interlocked.Decrement(ref _knownCount);
    }

    /// <summary>
    /// At the bound, drops what is over its time; if that is not a quarter, drops others as they come. Which ones does not matter: they
    /// cost one lookup when they return. The counts are kept by hand because ConcurrentDictionary.Count takes every lock.
    /// </summary>
    private void MakeRoom<TEntry>(
        ConcurrentDictionary<KeyDigest, TEntry> entries, ref int count, Func<TEntry, DateTimeOffset, bool> isOver, DateTimeOffset now)
    {
        if (Volatile.Read(ref count) < _capacity)
            return;
        foreach (var (digest, entry) in entries)
        {
            if (isOver(entry, now) && entries.TryRemove(digest, out _))
                Interlocked.Decrement(ref count);
        }

        foreach (var (digest, _) in entries)
        {
            if (Volatile.Read(ref count) <= _capacity * 3 / 4)
                return;
            if (entries.TryRemove(digest, out _))
                Interlocked.Decrement(ref count);
        }
    }

    private readonly record struct Refusal(KeyFailure Failure, DateTimeOffset ValidUntil);
}

/// <summary>An authenticated key and when it was last used, which is written to the database later.</summary>
internal sealed class CachedKey(Principal principal, DateTimeOffset validUntil)
{
    private long _lastUsedTicks;
    private int _queued;

    public Principal Principal { get; } = principal;

    public DateTimeOffset ValidUntil { get; } = validUntil;

    public DateTimeOffset LastUsed => new(Volatile.Read(ref _lastUsedTicks), TimeSpan.Zero);

    /// <summary>Notes a use. True for the first one since <see cref="Dequeued"/>: then this key must be queued for writing.</summary>
    public bool Use(DateTimeOffset now)
    {
        Volatile.Write(ref _lastUsedTicks, now.UtcTicks);
        return Volatile.Read(ref _queued) == 0 && Interlocked.Exchange(ref _queued, 1) == 0;
    }

    public void Dequeued() => Volatile.Write(ref _queued, 0);
}
