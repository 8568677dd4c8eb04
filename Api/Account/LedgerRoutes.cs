using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Audit;
using Engram.Engine.Keys;
using Engram.Engine.Providers;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>One change of the account.</summary>
public sealed record AuditEntryView(
    Guid Id,
    DateTimeOffset At,
    string Actor,
    Guid KeyId,
    string KeyPrefix,
    string? Ip,
    string Action,
    string Target,
    JsonElement? Before,
    JsonElement? After,
    Guid RequestId)
{
    public static AuditEntryView From(AuditEntry entry) => new(
        entry.Id, entry.At, entry.Actor, entry.KeyId, entry.KeyPrefix, entry.Ip, entry.Action, entry.Target, entry.Before, entry.After, entry.RequestId);
}

/// <summary>Changes, newest first. <c>next</c> is the cursor of the next page.</summary>
public sealed record AuditPage(IReadOnlyList<AuditEntryView> Entries, string? Next);

/// <summary>One call of a model that failed.</summary>
public sealed record FaultView(
    Guid Id,
    DateTimeOffset At,
    Guid RequestId,
    string Operation,
    string Role,
    string Provider,
    string Model,
    string Kind,
    int? UpstreamStatus,
    double ElapsedMs,
    double WaitMs,
    int Attempts,
    double? RetryAfterMs,
    string? Hint,
    Guid? KeyId,
    Guid? BucketId,
    Guid? MemoryId)
{
    public static FaultView From(CallEntry fault) => new(
        fault.Id,
        fault.At,
        fault.RequestId,
        fault.Operation,
        fault.Role,
        fault.Provider,
        fault.Model,
        fault.FaultKind ?? "",
        fault.UpstreamStatus,
        fault.ElapsedMs,
        fault.WaitMs,
        fault.Attempts,
        fault.RetryAfterMs,
        fault.Hint,
        fault.KeyId,
        fault.BucketId,
        fault.MemoryId);
}

/// <summary>Faults, newest first. <c>next</c> is the cursor of the next page.</summary>
public sealed record FaultPage(IReadOnlyList<FaultView> Faults, string? Next);

/// <summary>One call of a model: what it took and what it cost. <c>cost_usd</c> is left out where the model had no known price, <c>kind</c> where the call went well.</summary>
public sealed record CallView(
    Guid Id,
    DateTimeOffset At,
    Guid RequestId,
    string Operation,
    string Role,
    string Provider,
    string Model,
    TokensView Tokens,
    decimal? CostUsd,
    double ElapsedMs,
    double WaitMs,
    double? FirstTokenMs,
    int Attempts,
    string? Kind,
    Guid? KeyId,
    Guid? BucketId,
    Guid? MemoryId)
{
    public static CallView From(CallEntry call) => new(
        call.Id,
        call.At,
        call.RequestId,
        call.Operation,
        call.Role,
        call.Provider,
        call.Model,
        new TokensView(call.InputTokens, call.OutputTokens),
        call.CostUsd,
        call.ElapsedMs,
        call.WaitMs,
        call.FirstTokenMs,
        call.Attempts,
        call.FaultKind,
        call.KeyId,
        call.BucketId,
        call.MemoryId);
}

/// <summary>Calls, newest first. <c>next</c> is the cursor of the next page.</summary>
public sealed record CallPage(IReadOnlyList<CallView> Calls, string? Next);

/// <summary>What was changed, what the tenant's models were asked and cost, and what went wrong at its providers.</summary>
internal static class LedgerRoutes
{
    private const int DefaultPage = 50;
    private const int LargestPage = 500;

    public static void MapLedgers(this IEndpointRouteBuilder routes)
    {
        var ledgers = routes.MapGroup("/account").RequireScope(Scopes.AccountAdmin).WithTags("Account");
        ledgers.MapGet("/audit", AuditAsync).WithName("audit").WithExample(response: ProviderExamples.Audit).Produces<AuditPage>()
            .WithSummary("Who changed what on the account, newest first; format=ndjson exports everything that matches.");
        ledgers.MapGet("/provider-faults", FaultsAsync).WithName("provider_faults").WithExample(response: ProviderExamples.Faults).Produces<FaultPage>()
            .WithSummary("What went wrong at your providers, newest first; format=ndjson exports everything that matches.");
        ledgers.MapGet("/llm-calls", CallsAsync).WithName("llm_calls").WithExample(response: ProviderExamples.Calls).Produces<CallPage>()
            .WithSummary("Every call of your models with its tokens and its price: by request, operation, memory or key; format=ndjson exports everything that matches.");
    }

    private static async Task<IResult> AuditAsync(
        Caller caller,
        AuditReader reader,
        [FromQuery(Name = "action")] string? action,
        [FromQuery(Name = "actor")] string? actor,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        [FromQuery(Name = "format")] string? format,
        CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, LargestPage);
        var filter = new AuditFilter(action, actor, Ranges.Time("from", from), Ranges.Time("to", to));
        Guid? before = cursor is null ? null : Guid.TryParse(cursor, out var id) ? id : throw WrongCursor();
        if (NdJson.IsWanted(format))
        {
            var rows = NdJson.PagesAsync<AuditEntry>((last, size) => reader.ReadAsync(caller.Tenant, filter, last?.Id ?? before, size, cancellationToken));
            return new NdJson<AuditEntryView>(NdJson.EachAsync(rows, AuditEntryView.From), ApiJson.Wire.AuditEntryView);
        }

        var size = limit ?? DefaultPage;
        var entries = await reader.ReadAsync(caller.Tenant, filter, before, size, cancellationToken);
        return TypedResults.Ok(new AuditPage([.. entries.Select(AuditEntryView.From)], entries.Count == size ? entries[^1].Id.ToString() : null));
    }

    private static async Task<IResult> FaultsAsync(
        Caller caller,
        LlmCallReader reader,
        [FromQuery(Name = "kind")] string? kind,
        [FromQuery(Name = "provider")] string? provider,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        [FromQuery(Name = "format")] string? format,
        CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, LargestPage);
        if (kind is not null && !ProviderFaultKinds.All.Contains(kind))
            throw new ProblemException(Problems.Invalid("kind", $"Must be one of {string.Join(", ", ProviderFaultKinds.All)}."));
        var filter = new CallFilter(FaultsOnly: true, kind, provider, Ranges.Time("from", from), Ranges.Time("to", to));
        return await PageAsync(
            caller, reader, filter, limit, cursor, format, FaultView.From, ApiJson.Wire.FaultView, (rows, next) => TypedResults.Ok(new FaultPage(rows, next)), cancellationToken);
    }

    private static async Task<IResult> CallsAsync(
        Caller caller,
        LlmCallReader reader,
        [FromQuery(Name = "provider")] string? provider,
        [FromQuery(Name = "operation")] string? operation,
        [FromQuery(Name = "request_id")] string? requestId,
        [FromQuery(Name = "memory_id")] string? memoryId,
        [FromQuery(Name = "key_id")] string? keyId,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        [FromQuery(Name = "format")] string? format,
        CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, LargestPage);
        var filter = new CallFilter(Provider: provider, From: Ranges.Time("from", from), To: Ranges.Time("to", to))
        {
            Operation = operation,
            RequestId = Id("request_id", requestId),
            MemoryId = Id("memory_id", memoryId),
            KeyId = Id("key_id", keyId),
        };
        return await PageAsync(
            caller, reader, filter, limit, cursor, format, CallView.From, ApiJson.Wire.CallView, (rows, next) => TypedResults.Ok(new CallPage(rows, next)), cancellationToken);
    }

    private static async Task<IResult> PageAsync<TView>(
        Caller caller,
        LlmCallReader reader,
        CallFilter filter,
        int? limit,
        string? cursor,
        string? format,
        Func<CallEntry, TView> view,
        JsonTypeInfo<TView> type,
        Func<IReadOnlyList<TView>, string?, IResult> answer,
        CancellationToken cancellationToken)
    {
        var before = TimeCursor.Read(cursor);
        if (NdJson.IsWanted(format))
        {
            var rows = NdJson.PagesAsync<CallEntry>((last, size) => reader.ReadAsync(caller.Tenant, filter, last is null ? before : (last.At, last.Id), size, cancellationToken));
            return new NdJson<TView>(NdJson.EachAsync(rows, view), type);
        }

        var size = limit ?? DefaultPage;
        var calls = await reader.ReadAsync(caller.Tenant, filter, before, size, cancellationToken);
        return answer([.. calls.Select(view)], calls.Count == size ? TimeCursor.Of(calls[^1].At, calls[^1].Id) : null);
    }

    private static Guid? Id(string field, string? text)
    {
        if (text is null)
            return null;
        return Guid.TryParse(text, out var id) ? id : throw new ProblemException(Problems.Invalid(field, "Must be an id."));
    }

    private static ProblemException WrongCursor() => new(Problems.Invalid("cursor", "Is no cursor of this list: take it from 'next' of the page before."));
}
