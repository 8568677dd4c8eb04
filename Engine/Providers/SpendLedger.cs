using System.Collections.Concurrent;
using System.Globalization;
using Engram.Engine.Database;

namespace Engram.Engine.Providers;

/// <summary>
/// What each tenant spent today, for the budgets. This process's calls count at once, those of other processes within <see cref="Staleness"/>;
/// so a budget can be overrun by what is under way when it is reached, and by a few seconds of other processes.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">Tells the day, in UTC.</param>
public sealed class SpendLedger(TenantDb db, TimeProvider time)
{
    /// <summary>How old the figures of other processes may be.</summary>
    public static readonly TimeSpan Staleness = TimeSpan.FromSeconds(5);

    private const string SelectToday = """
        select key_id, sum(input_tokens + output_tokens)::bigint, sum(cost_usd)
        from llm_usage_daily where tenant_id = $1 and day = $2
        group by key_id
        """;

    private readonly ConcurrentDictionary<Tenant, Day> _days = new();

    /// <summary>Refuses if one of the budgets that bind the call is used up.</summary>
    /// <param name="context">Whose call it would be.</param>
    /// <param name="budgets">Every budget of the tenant.</param>
    /// <param name="cancellationToken">Cancels the look at what was spent.</param>
    /// <exception cref="EngramException">A budget is used up; the message says which, and when it starts anew.</exception>
    internal async ValueTask DemandAsync(LlmContext context, IReadOnlyList<Budget> budgets, CancellationToken cancellationToken)
    {
        if (!budgets.Any(budget => Binds(budget, context)))
            return;
        var spend = await TodayAsync(context.Tenant, cancellationToken);
        foreach (var budget in budgets.Where(budget => Binds(budget, context)))
        {
            var used = budget.KeyId is { } key ? spend.GetValueOrDefault(key) : spend.Values.Aggregate(default(Spend), (a, b) => a + b);
            if (used.Tokens >= budget.DailyTokens)
                throw Refusal(budget, $"{used.Tokens} of {budget.DailyTokens} tokens");
            if (used.Usd >= budget.DailyUsd)
                throw Refusal(budget, string.Create(CultureInfo.InvariantCulture, $"{used.Usd:0.####} of {budget.DailyUsd:0.####} USD"));
        }
    }

    /// <summary>What was spent today, by API key; the nil uuid stands for calls without one.</summary>
    public async ValueTask<IReadOnlyDictionary<Guid, Spend>> TodayAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        var day = DayOf(tenant);
        var now = time.GetUtcNow();
        if (day.NeedsReading(now))
            day.Read(await ReadAsync(tenant, day.Date, cancellationToken), now);
        return day.Total();
    }

    internal void Add(LlmCall call) => DayOf(call.Context.Tenant).Add(call, written: false);

    internal void Written(LlmCall[] calls)
    {
        foreach (var call in calls)
            DayOf(call.Context.Tenant).Add(call, written: true);
    }

    private static bool Binds(Budget budget, LlmContext context) => budget.KeyId is null || budget.KeyId == context.KeyId;

    private EngramException Refusal(Budget budget, string used)
    {
        var now = time.GetUtcNow();
        var reset = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        var whose = budget.KeyId is { } key ? $"of the API key {key}" : "of the tenant";
        return new EngramException(
            FailureKind.QuotaExceeded,
            $"The daily LLM budget {whose} is used up: {used}. It starts anew at {reset:yyyy-MM-dd'T'HH:mm:ss'Z'}; PUT /account/budgets changes it.")
        { RetryAfter = reset - now };
    }

    private Day DayOf(Tenant tenant)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var day = _days.GetOrAdd(tenant, static (_, date) => new Day(date), today);
        return day.Date == today ? day : _days.AddOrUpdate(tenant, new Day(today), (_, old) => old.Date == today ? old : new Day(today));
    }

    private async Task<Dictionary<Guid, Spend>> ReadAsync(Tenant tenant, DateOnly date, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant).Add(SelectToday, Sql.Uuid(tenant.Id), Sql.Date(date));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var spend = new Dictionary<Guid, Spend>();
        while (await reader.ReadAsync(cancellationToken))
            spend[reader.GetGuid(0)] = new Spend(reader.GetInt64(1), reader.GetDecimal(2));
        return spend;
    }

    /// <summary>
    /// One tenant's day: what the database said, and what this process recorded but has not written. A read that crosses a write may count
    /// that one batch twice or not at all until the next read; the next read puts it right.
    /// </summary>
    private sealed class Day(DateOnly date)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<Guid, Spend> _pending = [];
        private Dictionary<Guid, Spend> _known = [];
        private DateTimeOffset? _readAt;

        public DateOnly Date { get; } = date;

        public bool NeedsReading(DateTimeOffset now)
        {
            lock (_gate)
                return _readAt is not { } at || now - at >= Staleness;
        }

        public void Read(Dictionary<Guid, Spend> known, DateTimeOffset now)
        {
            lock (_gate)
                (_known, _readAt) = (known, now);
        }

        public void Add(LlmCall call, bool written)
        {
            if (DateOnly.FromDateTime(call.At.UtcDateTime) != Date)
                return;
            var key = call.Context.KeyId ?? Guid.Empty;
            var spend = Spend.Of(call);
            lock (_gate)
            {
                _pending[key] = written ? _pending.GetValueOrDefault(key) - spend : _pending.GetValueOrDefault(key) + spend;
                if (written)
                    _known[key] = _known.GetValueOrDefault(key) + spend;
            }
        }

        public Dictionary<Guid, Spend> Total()
        {
            lock (_gate)
            {
                var total = new Dictionary<Guid, Spend>(_known);
                foreach (var (key, spend) in _pending)
                    total[key] = total.GetValueOrDefault(key) + spend;
                return total;
            }
        }
    }
}
