using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Engram.Portal.Tests.StandIn;

/// <summary>The routes of the contract that the portal uses.</summary>
internal static class StandInRoutes
{
    public static void Map(WebApplication app, StandInTenant tenant)
    {
        app.MapGet("/health", () => Results.Json(new { status = "healthy", checks = new { self = new { status = "healthy", duration_ms = 0.1 } } }));
        MapAccount(app, tenant);
        MapBuckets(app, tenant);
        MapMemories(app, tenant);
        StandInOperations.Map(app, tenant);
    }

    public static IResult Problem(int status, string code, string detail) => Results.Json(
        new { type = "about:blank", title = code, status, code, detail, error = detail, traceId = "trace-1" }, contentType: "application/problem+json", statusCode: status);

    private static void MapAccount(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapPost("/account/portal/setup", (JsonElement body) =>
        {
            if (tenant.IsSetUp || body.GetProperty("token").GetString() != StandInApi.SetupToken)
            {
                return Problem(401, "unauthenticated", "The one-time link is wrong, too old, or was used already.");
            }
            tenant.IsSetUp = true;
            return Results.Json(Session(tenant, StandInApi.FirstKey), statusCode: 201);
        });
        app.MapPost("/account/portal/sign-in", (JsonElement body) =>
            tenant.IsSetUp && body.GetProperty("email").GetString() == StandInApi.Email && body.GetProperty("password").GetString() == StandInApi.Password
                ? Results.Json(Session(tenant, null))
                : Problem(401, "unauthenticated", "E-mail or password is wrong."));
        app.MapPost("/account/portal/sign-out", (HttpRequest request) =>
        {
            tenant.Sessions.TryRemove(request.Headers.Authorization.ToString()["Bearer ".Length..], out _);
            return Results.NoContent();
        });
        app.MapGet("/account/me", () => Results.Json(new { tenant = new { id = "t-1", name = tenant.Name }, user = new { email = StandInApi.Email, role = "owner" } }));
        app.MapGet("/account/plan_usage", () => Results.Json(new
        {
            plan = "free",
            period = new { start = "2026-11-01T00:00:00Z", end = "2026-12-01T00:00:00Z" },
            memories = new { used = tenant.Buckets.Sum(bucket => bucket.Memories.Count), limit = 10_000 },
            buckets = new { used = tenant.Buckets.Count, limit = 20 },
            writes = new { used = 12, limit = 5_000 },
            queries = new { used = 7, limit = (long?)null },
            tokens = new { input = 100, output = 20 },
            storage_bytes = 12_345,
        }));
        app.MapGet("/account/keys", () => Results.Json(new { keys = tenant.Keys.Select(Shape) }));
        app.MapPost("/account/keys", (JsonElement body) =>
        {
            var key = new StandInKey(body.GetProperty("name").GetString()!, [.. body.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()!)])
            {
                Buckets = body.TryGetProperty("buckets", out var buckets) ? [.. buckets.EnumerateArray().Select(bucket => bucket.GetString()!)] : null,
                ExpiresAt = body.TryGetProperty("expires_at", out var expires) ? expires.GetDateTimeOffset() : null,
            };
            tenant.Keys.Add(key);
            return Results.Json(new { id = key.Id, name = key.Name, prefix = key.Prefix, key = key.Prefix + new string('x', 45) }, statusCode: 201);
        });
        app.MapDelete("/account/keys/{id}", (string id) =>
        {
            if (tenant.Keys.Find(key => key.Id == id) is not { } key)
            {
                return Problem(404, "key_not_found", "There is no such key.");
            }
            key.RevokedAt = DateTimeOffset.UtcNow;
            return Results.NoContent();
        });
    }

    private static void MapBuckets(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapGet("/v1/buckets", () => Results.Json(new { buckets = tenant.Buckets.Select(Shape) }));
        app.MapPost("/v1/buckets", (JsonElement body) =>
        {
            var name = body.GetProperty("name").GetString()!;
            if (tenant.Bucket(name) is not null)
            {
                return Problem(409, "conflict", $"The bucket '{name}' is already there.");
            }
            tenant.Buckets.Add(new StandInBucket(name, body.TryGetProperty("description", out var description) ? description.GetString() : null));
            return Results.Json(Shape(tenant.Buckets[^1]), statusCode: 201);
        });
        app.MapDelete("/v1/buckets/{bucket}", (string bucket) => tenant.Buckets.RemoveAll(b => b.Name == bucket) > 0 ? Results.NoContent() : NoBucket());
    }

    private static void MapMemories(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapGet("/v1/buckets/{bucket}/memories", (string bucket, int limit, int offset, string? status, string? filter) =>
        {
            if (tenant.Bucket(bucket) is not { } found)
            {
                return NoBucket();
            }
            var wanted = JsonNode.Parse(filter ?? "{}")!;
            var (user, category) = ((string?)wanted["user_id"], (string?)wanted["categories"]?["contains"]);
            var all = found.Memories.Where(m => (status is null || m.Status == status) && (user is null || m.UserId == user)
                && (category is null || m.Categories.Contains(category))).Reverse().ToArray();
            return Results.Json(new { memories = all.Skip(offset).Take(limit).Select(Shape), total = all.Length, limit, offset, next = (string?)null });
        });
        app.MapDelete("/v1/buckets/{bucket}/memories", (string bucket) => tenant.Bucket(bucket) is { } found
            ? Results.Json(new { success = true, cleared_count = found.Memories.Count })
            : NoBucket());
        app.MapGet("/v1/buckets/{bucket}/memories/{id}", (string bucket, string id) =>
            Find(tenant, bucket, id) is { } memory ? Results.Json(Shape(memory)) : NoMemory());
        app.MapPatch("/v1/buckets/{bucket}/memories/{id}", (string bucket, string id, JsonElement body) =>
        {
            if (Find(tenant, bucket, id) is not { } memory)
            {
                return NoMemory();
            }
            memory.History.Add(new { change = "edited", content = memory.Content, changed_at = DateTimeOffset.UtcNow });
            memory.Content = body.TryGetProperty("content", out var content) ? content.GetString()! : memory.Content;
            return Results.Json(Shape(memory));
        });
        app.MapDelete("/v1/buckets/{bucket}/memories/{id}", (string bucket, string id) =>
            tenant.Bucket(bucket)?.Memories.RemoveAll(memory => memory.Id == id) > 0 ? Results.NoContent() : NoMemory());
        app.MapPost("/v1/query", (JsonElement body) =>
        {
            var words = body.GetProperty("query").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var bucket = body.GetProperty("buckets")[0].GetString()!;
            var hits = tenant.Bucket(bucket)?.Memories
                .Where(memory => words.Any(word => memory.Content.Contains(word, StringComparison.OrdinalIgnoreCase))).ToArray() ?? [];
            return Results.Json(new
            {
                memories_found = hits.Length,
                explanation = new
                {
                    retrieved_memories = hits.Select((memory, i) => new
                    {
                        memory_id = memory.Id,
                        bucket_name = bucket,
                        content = memory.Content,
                        raw_score = 0.9 - (i / 10d),
                        weighted_score = 0.9 - (i / 10d),
                        ranks = new { keyword = i + 1, vector = (int?)null, graph = (int?)null },
                    }),
                    warnings = Array.Empty<string>(),
                },
                request_id = "req-query",
            });
        });
    }

    private static StandInMemory? Find(StandInTenant tenant, string bucket, string id) => tenant.Bucket(bucket)?.Memories.Find(memory => memory.Id == id);

    private static IResult NoBucket() => Problem(404, "bucket_not_found", "There is no such bucket.");

    private static IResult NoMemory() => Problem(404, "memory_not_found", "There is no such memory.");

    private static object Session(StandInTenant tenant, string? firstKey)
    {
        var token = "session-" + Guid.NewGuid().ToString("N");
        tenant.Sessions[token] = StandInApi.Email;
        return new
        {
            session_token = token,
            expires_at = DateTimeOffset.UtcNow.AddHours(12),
            tenant = new { id = "t-1", name = tenant.Name },
            user = new { email = StandInApi.Email, role = "owner" },
            first_key = firstKey is null ? null : new { key = firstKey, id = "k-1", name = "first", prefix = firstKey[..13] },
        };
    }

    private static object Shape(StandInBucket bucket) => new
    {
        id = bucket.Id,
        name = bucket.Name,
        bucket_name = bucket.Name,
        description = bucket.Description,
        created_at = bucket.CreatedAt,
        memory_count = bucket.Memories.Count,
    };

    private static object Shape(StandInKey key) => new
    {
        id = key.Id,
        name = key.Name,
        prefix = key.Prefix,
        scopes = key.Scopes,
        buckets = key.Buckets,
        status = key.RevokedAt is null ? "active" : "revoked",
        created_at = DateTimeOffset.UtcNow,
        expires_at = key.ExpiresAt,
        last_used_at = (DateTimeOffset?)null,
        revoked_at = key.RevokedAt,
    };

    private static object Shape(StandInMemory memory) => new
    {
        id = memory.Id,
        content = memory.Content,
        status = memory.Status,
        extraction = "extracted",
        user_id = memory.UserId,
        categories = memory.Categories,
        metadata = new { source = "test" },
        language = "en",
        token_count = memory.Content.Length / 4,
        created_at = memory.CreatedAt,
        updated_at = memory.CreatedAt,
        triples = memory.Triples,
        history = memory.History,
    };
}
