using Engram.Portal.Client;

namespace Engram.Portal.Components.Providers;

/// <summary>A connection being made.</summary>
public sealed class ProviderDraft(IReadOnlyList<CatalogueEntry> catalogue)
{
    public string Provider { get; set; } = catalogue.Count > 0 ? catalogue[0].Id : "";

    public string Label { get; set; } = "";

    public string BaseUrl { get; set; } = "";

    public string ApiKey { get; set; } = "";

    public CatalogueEntry? Entry => catalogue.FirstOrDefault(entry => entry.Id == Provider);

    public string? BaseUrlFault => (Entry?.BaseUrl, BaseUrl.Trim()) switch
    {
        (null, "") => "This provider has no address of its own: say where yours answers.",
        (_, "") => null,
        (_, var url) => Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https" ? null : "An absolute address is needed, such as https://models.example.com/v1/.",
    };

    public string? KeyFault => Entry?.KeyRequired is true && ApiKey.Trim().Length == 0 ? "This provider wants a key." : null;

    public bool IsReady => Entry is not null && BaseUrlFault is null && KeyFault is null;

    public CreateProvider ToRequest() => new(Provider, Clean(Label), Clean(BaseUrl), Clean(ApiKey));

    /// <summary>The same for the command that is shown: a key on a screen is a key lost.</summary>
    public CreateProvider ToShown() => ToRequest() with { ApiKey = ApiKey.Trim().Length == 0 ? null : "YOUR-PROVIDER-KEY" };

    private static string? Clean(string text) => text.Trim() is { Length: > 0 } trimmed ? trimmed : null;
}

/// <summary>What a model can be asked for, with what happens where none is set.</summary>
public sealed record ModelRole(string Name, string Title, string Meaning, string Offline)
{
    public static IReadOnlyList<ModelRole> All { get; } =
    [
        new("extract", "Extraction", "makes triples out of what is stored", "rules, on this machine"),
        new("synthesize", "Answers", "writes the answer to a query", "quotes of the memories, word for word"),
        new("profile", "Profiles", "sums a bucket up in a few lines", "a list made from the graph"),
        new("embed", "Vectors", "finds memories by meaning; all are embedded anew when it changes", "the encoder on this machine"),
    ];
}

/// <summary>The tenant's daily budget as a person types it.</summary>
public sealed class BudgetDraft
{
    public string Tokens { get; set; } = "";

    public string Usd { get; set; } = "";

    public string? Fault => (Tokens.Trim().Length > 0 && TokenLimit is null, Usd.Trim().Length > 0 && UsdLimit is null) switch
    {
        (true, _) => "Tokens are a whole number, 0 or more; empty for no limit.",
        (_, true) => "Dollars are a number, 0 or more; empty for no limit.",
        _ => null,
    };

    private long? TokenLimit => long.TryParse(Tokens.Replace(",", "", StringComparison.Ordinal), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var tokens)
        && tokens <= int.MaxValue ? tokens : null;

    private decimal? UsdLimit => decimal.TryParse(Usd, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var usd) ? usd : null;

    public static BudgetDraft Of(Budget budget) => new()
    {
        Tokens = budget.DailyTokens?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "",
        Usd = budget.DailyUsd?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Budgets of single keys are kept as they are: the Api sets all at once.</summary>
    public SetBudgets ToRequest(BudgetList now) => new(
        TokenLimit is null && UsdLimit is null ? null : new TenantBudget(TokenLimit, UsdLimit),
        [.. now.Keys.Where(key => key.KeyId is not null).Select(key => new KeyBudget(key.KeyId!, key.DailyTokens, key.DailyUsd))]);
}
