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
        StandInGraph.Map(app, tenant);
        StandInOperations.Map(app, tenant);
        StandInProviders.Map(app, tenant);
        StandInPeople.Map(app, tenant);
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
        app.MapPost("/account/portal/sign-in/oidc", (JsonElement body) =>
        {
            tenant.LastIdToken = body.GetProperty("id_token").GetString();
            tenant.LastInvitationToken = body.TryGetProperty("invitation_token", out var invitation) ? invitation.GetString() : null;
            return Results.Json(Session(tenant, null));
        });
        app.MapPost("/account/portal/sign-out", (HttpRequest request) =>
        {
            tenant.Sessions.TryRemove(request.Headers.Authorization.ToString()["Bearer ".Length..], out _);
            return Results.NoContent();
        });
        app.MapGet("/account/me", () => Results.Json(new { tenant = new { id = "t-1", name = tenant.Name }, user = new { email = StandInApi.Email, role = tenant.Role } }));
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
            cost_usd = 0.0105,
            by_bucket = tenant.Buckets.Select(bucket => new { bucket_id = bucket.Id, bucket_name = bucket.Name, memories = bucket.Memories.Count, storage_bytes = 10, writes = 12 }),
            by_key = tenant.Keys.Take(1).Select(key => new { key_id = key.Id, writes = 12, queries = 7, input_tokens = 100, output_tokens = 20, cost_usd = 0.0105 }),
            by_model = new[] { new { day = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), provider = "openai", model = "gpt-x", operation = "POST /v1/query", role = "synthesize", calls = 7, faults = 1, unpriced_calls = 0, tokens = new { input = 100, output = 20 }, cost_usd = 0.0105 } },
            projected = new { memories = 12_000, writes = 400, queries = 21 },
        }));
        app.MapGet("/account/usage/daily", (string from, string to) => Results.Json(new
        {
            from,
            to,
            days = new object[] { new { day = to, operation = "store", requests = 3, memories = 12 }, new { day = to, operation = "query", requests = 7, memories = 31 }, new { day = to, operation = "edit", requests = 90, memories = 90 } },
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
        app.MapPost("/account/keys/{id}/roll", (string id, JsonElement body) =>
        {
            if (tenant.Keys.Find(key => key.Id == id) is not { } key)
            {
                return Problem(404, "key_not_found", "There is no such key.");
            }
            var successor = new StandInKey(key.Name, key.Scopes);
            tenant.Keys.Add(successor);
            return Results.Json(new { id = successor.Id, name = successor.Name, prefix = successor.Prefix, key = successor.Prefix + new string('y', 45) }, statusCode: 201);
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
        app.MapGet("/v1/buckets/{bucket}/profile", (string bucket) => Results.Json(new { bucket_id = bucket, status = "not_installed", n_memories_at_gen = 0, profile = "" }));
        app.MapPatch("/v1/buckets/{bucket}", (string bucket, JsonElement body) =>
        {
            if (tenant.Bucket(bucket) is not { } found)
            {
                return NoBucket();
            }
            found.Description = body.GetProperty("description").GetString();
            return Results.Json(Shape(found));
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
            var all = Matching(found, status, filter).Reverse().ToArray();
            return Results.Json(new { memories = all.Skip(offset).Take(limit).Select(Shape), total = all.Length, limit, offset, next = (string?)null });
        });
        app.MapDelete("/v1/buckets/{bucket}/memories", (string bucket, string? status, string? filter, bool? dry_run) =>
        {
            if (tenant.Bucket(bucket) is not { } found)
            {
                return NoBucket();
            }
            var matching = Matching(found, status, filter);
            if (dry_run != true)
            {
                found.Memories.RemoveAll(matching.Contains);
            }
            return Results.Json(new { success = true, cleared_count = matching.Length });
        });
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
            var whole = new
            {
                answer = hits.Length == 0 ? "" : $"{hits[0].Content} [{hits[0].Id}]",
                answer_status = hits.Length == 0 ? "not_found" : "answered",
                memories_found = hits.Length,
                usage = new { context_tokens = 40, actual_input_tokens = 300, actual_output_tokens = 20, llm_calls = 1, model = "gpt-x" },
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
                        scores = new { keyword = 3.2, vector = (double?)null, graph = (double?)null },
                    }),
                    graph_facts = new[] { new { subject = "Ada", predicate = "lives in", @object = "Lisbon", bucket_name = bucket, depth = 1, weight = 0.8 } },
                    candidates = 12,
                    warnings = Array.Empty<string>(),
                },
                request_id = tenant.Operations.FirstOrDefault()?.Id ?? "req-query",
            };
            if (!body.TryGetProperty("stream", out var stream) || !stream.GetBoolean())
            {
                return Results.Json(whole);
            }
            var frames = whole.answer.Split(' ').Select(word => JsonSerializer.Serialize(new { choices = new[] { new { delta = new { content = word + " " } } } }))
                .Append(JsonSerializer.Serialize(whole)).Append("[DONE]");
            return Results.Text(string.Concat(frames.Select(frame => $"data: {frame}\n\n")), "text/event-stream");
        });
    }

    private static StandInMemory[] Matching(StandInBucket bucket, string? status, string? filter)
    {
        var wanted = JsonNode.Parse(filter ?? "{}")!;
        var (user, category) = ((string?)wanted["user_id"], (string?)wanted["categories"]?["contains"]);
        return [.. bucket.Memories.Where(m => (status is null || m.Status == status) && (user is null || m.UserId == user) && (category is null || m.Categories.Contains(category)))];
    }

    private static StandInMemory? Find(StandInTenant tenant, string bucket, string id) => tenant.Bucket(bucket)?.Memories.Find(memory => memory.Id == id);

    private static IResult NoBucket() => Problem(404, "bucket_not_found", "There is no such bucket.");

    private static IResult NoMemory() => Problem(404, "memory_not_found", "There is no such memory.");

    public static object Session(StandInTenant tenant, string? firstKey)
    {
        var token = "session-" + Guid.NewGuid().ToString("N");
        tenant.Sessions[token] = StandInApi.Email;
        return new
        {
            session_token = token,
            expires_at = DateTimeOffset.UtcNow.AddHours(12),
            tenant = new { id = "t-1", name = tenant.Name },
            user = new { email = StandInApi.Email, role = tenant.Role },
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
        traces = new { stored_by = "dev", stored_with = "api", retrievals = 7, triples = memory.Triples.Count, revisions = memory.History.Count },
    };
}
