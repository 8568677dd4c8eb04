using Engram.Engine.Memories;
using Microsoft.Extensions.Caching.Memory;

namespace Engram.McpServer.Tools;

/// <summary>Whose page of which bucket.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="Bucket">As the caller named it.</param>
/// <param name="Limit">Memories per page.</param>
internal readonly record struct PageKey(Guid TenantId, string Bucket, int Limit);

/// <summary>A page as it was sent.</summary>
/// <param name="Version">Of the rows it was made of.</param>
/// <param name="Result">The page.</param>
internal sealed record KeptPage(PageVersion Version, RenderedResult Result);

/// <summary>
/// First pages as they were sent last. Nothing of it is ever sent without the database having said, in that very call, that the page's rows are still
/// the same ones: it saves reading and writing the rows, not asking.
/// </summary>
internal sealed class KeptPages : IDisposable
{
    private const long Capacity = 32 << 20;
    private static readonly TimeSpan UnusedFor = TimeSpan.FromMinutes(1);

    private readonly MemoryCache _pages = new(new MemoryCacheOptions { SizeLimit = Capacity });

    public KeptPage? Find(PageKey key) => _pages.TryGetValue(key, out KeptPage? page) ? page : null;

    public void Keep(PageKey key, KeptPage page) =>
        _pages.Set(key, page, new MemoryCacheEntryOptions { Size = page.Result.Length, SlidingExpiration = UnusedFor });

    public void Dispose() => _pages.Dispose();
}
