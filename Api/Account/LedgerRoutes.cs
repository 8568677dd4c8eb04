using System.Globalization;
using System.Text.Json;
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
    public static FaultView From(FaultEntry fault) => new(
        fault.Id,
        fault.At,
        fault.RequestId,
        fault.Operation,
        fault.Role,
        fault.Provider,
        fault.Model,
        fault.Kind,
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

/// <summary>What was changed, and what went wrong at the tenant's providers.</summary>
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
        var filter = new AuditFilter(action, actor, Time("from", from), Time("to", to));
        Guid? before = cursor is null ? null : Guid.TryParse(cursor, out var id) ? id : throw WrongCursor();
        if (NdJson.IsWanted(format))
        {
            var rows = NdJson.PagesAsync<AuditEntryView>(async (last, size) =>
                [.. (await reader.ReadAsync(caller.Tenant, filter, last?.Id ?? before, size, cancellationToken)).Select(AuditEntryView.From)]);
            return new NdJson<AuditEntryView>(rows, ApiJson.Wire.AuditEntryView);
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
        var filter = new FaultFilter(kind, provider, Time("from", from), Time("to", to));
        var before = FaultCursor(cursor);
        if (NdJson.IsWanted(format))
        {
            var rows = NdJson.PagesAsync<FaultView>(async (last, size) =>
                [.. (await reader.FaultsAsync(caller.Tenant, filter, last is null ? before : (last.At, last.Id), size, cancellationToken)).Select(FaultView.From)]);
            return new NdJson<FaultView>(rows, ApiJson.Wire.FaultView);
        }

        var size = limit ?? DefaultPage;
        var faults = await reader.FaultsAsync(caller.Tenant, filter, before, size, cancellationToken);
        return TypedResults.Ok(new FaultPage([.. faults.Select(FaultView.From)], faults.Count == size ? CursorOf(faults[^1]) : null));
    }

    private static DateTimeOffset? Time(string field, string? text)
    {
        if (text is null)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new ProblemException(Problems.Invalid(field, "Must be a time as in RFC 3339, such as 2026-01-31T09:30:00Z."));
    }

    private static string CursorOf(FaultEntry fault) => string.Create(CultureInfo.InvariantCulture, $"{fault.At.UtcTicks}_{fault.Id}");

    private static (DateTimeOffset At, Guid Id)? FaultCursor(string? cursor)
    {
        if (cursor is null)
            return null;
        var parts = cursor.Split('_');
        return parts is [var ticks, var text]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTimeOffset.MaxValue.Ticks
            && Guid.TryParse(text, out var id)
                ? (new DateTimeOffset(at, TimeSpan.Zero), id)
                : throw WrongCursor();
    }

    private static ProblemException WrongCursor() => new(Problems.Invalid("cursor", "Is no cursor of this list: take it from 'next' of the page before."));
}
