using System.Text.Json;

namespace Engram.Benchmarks.Providers;

/// <summary>One question answered, or not, with what it took.</summary>
/// <param name="ClientMs">Milliseconds from sending to the last byte, as the client sees it.</param>
/// <param name="ServerMs">Milliseconds by the server's own clock.</param>
/// <param name="ProviderMs">Of these, milliseconds in which the provider worked.</param>
/// <param name="WaitMs">Of these, milliseconds of pause between attempts at the provider.</param>
/// <param name="Calls">Calls of a model; 0 where the answer is extractive.</param>
/// <param name="InputTokens">Tokens the provider read.</param>
/// <param name="OutputTokens">Tokens the provider wrote.</param>
/// <param name="CostUsd">Price, or null where the model has none.</param>
/// <param name="Status">answered, partial, not_found, conflicting; or the code of the problem.</param>
/// <param name="Answer">The text, or an empty string.</param>
/// <param name="Failed">Whether it is a problem.</param>
internal sealed record Asked(
    double ClientMs, double ServerMs, double ProviderMs, double WaitMs, int Calls, long InputTokens, long OutputTokens, decimal? CostUsd, string Status, string Answer, bool Failed)
{
    /// <summary>Everything but the provider, the network and the client included: what the platform itself costs a caller.</summary>
    public double OwnMs => ClientMs - ProviderMs - WaitMs;

    /// <summary>The same by the server's own clock.</summary>
    public double OwnServerMs => ServerMs - ProviderMs - WaitMs;

    public static Asked Read(JsonElement body, double clientMs)
    {
        if (body.TryGetProperty("code", out var code))
            return new Asked(clientMs, 0, 0, 0, 0, 0, 0, null, code.GetString()!, "", Failed: true);
        var usage = body.GetProperty("usage");
        var timings = body.GetProperty("timings");
        return new Asked(
            clientMs,
            Number(timings, "total"),
            Number(timings, "llm-call"),
            Number(timings, "llm-wait"),
            (int)Number(usage, "llm_calls"),
            (long)Number(usage, "actual_input_tokens"),
            (long)Number(usage, "actual_output_tokens"),
            usage.TryGetProperty("cost_usd", out var cost) && cost.ValueKind == JsonValueKind.Number ? cost.GetDecimal() : null,
            body.TryGetProperty("answer_status", out var status) ? status.GetString() ?? "" : "",
            body.TryGetProperty("answer", out var answer) ? answer.GetString() ?? "" : "",
            Failed: false);
    }

    private static double Number(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
}
