using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>
/// The newest conformance suite, run as the two revisions require it. What fails is named here with its reason, check by check: a failure
/// that is not named fails the test, and so does a named one that no longer occurs.
/// </summary>
public sealed partial class ConformanceRequirementsTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private const string Suite = "@modelcontextprotocol/conformance/dist/index.js";

    // What the revision requires passes; what is named here runs along unscored.
    private const string NoTasks = "The tasks extension is optional and not offered: nothing here takes long enough to be polled for.";
    private const string NoParameterHeaders = "Not testable: no tool mirrors a parameter into a header (x-mcp-header is optional).";

    private static readonly string[] Tasks =
    [
        "tasks-capability-negotiation/sep-2663-server-rejects-undeclared-client",
        "tasks-capability-negotiation/sep-2663-tasks-methods-non-declaring",
        "tasks-capability-negotiation/tasks-extension-advertised",
        "tasks-capability-negotiation/tasks-per-request-meta-opt-in",
        "tasks-dispatch-and-envelope/sep-2663-durable-create-strong-consistency",
        "tasks-dispatch-and-envelope/sep-2663-legacy-task-param-ignored",
        "tasks-dispatch-and-envelope/sep-2663-tasks-get-invalid-task-id-32602",
        "tasks-dispatch-and-envelope/tasks-immediate-result-shortcut",
        "tasks-dispatch-and-envelope/tasks-result-type-complete-on-non-task-responses",
        "tasks-dispatch-and-envelope/tasks-server-directed-creation-no-hint",
        "tasks-lifecycle/sep-2663-cancel-ack-empty-result",
        "tasks-lifecycle/sep-2663-result-type-task-on-create",
        "tasks-lifecycle/sep-2663-tasks-get-status-completed",
        "tasks-lifecycle/sep-2663-tasks-get-status-failed",
        "tasks-lifecycle/sep-2663-tasks-get-status-working",
        "tasks-lifecycle/sep-2663-tool-error-uses-completed-status",
        "tasks-lifecycle/tasks-cancel-terminal-idempotent-ack",
        "tasks-lifecycle/tasks-sync-tool-call",
        "tasks-mrtr-composition/sep-2663-mrtr-synchronous-before-task-creation",
        "tasks-mrtr-input/sep-2663-tasks-get-status-input-required",
        "tasks-mrtr-input/tasks-mrtr-partial-fulfillment",
        "tasks-mrtr-input/tasks-mrtr-tasks-update-resumes",
        "tasks-request-headers/sep-2663-routing-headers-accepted-on-tasks-get",
        "tasks-request-headers/sep-2663-server-rejects-mismatched-mcp-name-on-tasks-get",
        "tasks-request-headers/tasks-headers-tolerate-mcp-method-on-tools-call",
        "tasks-request-state-removal/tasks-request-state-removal-setup",
        "tasks-required-task-error/sep-2663-server-returns-missing-capability-when-required",
        "tasks-wire-fields/tasks-no-early-ttl-expiry",
        "tasks-wire-fields/tasks-no-related-task-meta-on-inlined-result",
        "tasks-wire-fields/tasks-wire-field-renames",
    ];

    private static readonly Dictionary<string, string> Known2025 = [];

    private static readonly Dictionary<string, string> Known2026 = new(Tasks.Select(check => KeyValuePair.Create(check, NoTasks)))
    {
        ["http-custom-header-server-validation/sep-2243-server-decode-base64"] = NoParameterHeaders,
        ["http-custom-header-server-validation/sep-2243-server-no-xmcp-tool"] = NoParameterHeaders,
        ["http-custom-header-server-validation/sep-2243-server-reject-invalid-param-chars"] = NoParameterHeaders,
        ["http-custom-header-server-validation/sep-2243-server-reject-param-mismatch"] = NoParameterHeaders,
        ["http-custom-header-server-validation/sep-2243-server-validate-param-match"] = NoParameterHeaders,
    };

    [Theory]
    [InlineData("2025-11-25", 30)]
    [InlineData("2026-07-28", 37)]
    public async Task Exactly_the_failures_named_here_remain(string revision, int scenarios)
    {
        await using var server = await fixture.StartAsync(services =>
        {
            services.AddSingleton<IStartupFilter>(new KeyInjector(fixture.KeyA));
            ConformanceFixtures.Add(services);
        });
        var results = Directory.CreateTempSubdirectory("engram-conformance-");
        try
        {
            var (_, output, errors) = await PeerPackages.RunPackageOnNode22Async(
                Suite, "server", "--url", server.Url.ToString(), "--requirements", revision, "--output-dir", results.FullName);
            var (ran, failures) = await ReadAsync(results);

            Assert.True(ran >= scenarios, $"{ran} scenarios ran, {scenarios} are required.\n{output}\n{errors}");
            var known = revision == "2025-11-25" ? Known2025 : Known2026;
            Assert.True(failures.Keys.ToHashSet().SetEquals(known.Keys),
                "New failures:\n" + Lines(failures.Where(failure => !known.ContainsKey(failure.Key)))
                + "\nNo longer failing:\n" + Lines(known.Where(failure => !failures.ContainsKey(failure.Key))));
        }
        finally
        {
            results.Delete(recursive: true);
        }
    }

    private static string Lines(IEnumerable<KeyValuePair<string, string>> failures) =>
        string.Join('\n', failures.OrderBy(failure => failure.Key, StringComparer.Ordinal).Select(failure => $"{failure.Key}: {failure.Value}"));

    /// <summary>How many scenarios ran, and the checks that failed, as scenario/check with what was said.</summary>
    private static async Task<(int Scenarios, Dictionary<string, string> Failures)> ReadAsync(DirectoryInfo results)
    {
        var failures = new Dictionary<string, string>(StringComparer.Ordinal);
        var scenarios = 0;
        foreach (var file in results.EnumerateFiles("checks.json", SearchOption.AllDirectories))
        {
            scenarios++;
            var scenario = ResultFolder().Match(file.Directory!.Name).Groups[1].Value;
            foreach (var check in JsonElement.Parse(await File.ReadAllTextAsync(file.FullName)).EnumerateArray())
            {
                if (check.GetProperty("status").GetString() == "FAILURE")
                {
                    failures[$"{scenario}/{check.GetProperty("id").GetString()}"] =
                        check.TryGetProperty("errorMessage", out var said) ? said.ToString() : check.GetProperty("description").ToString();
                }
            }
        }

        return (scenarios, failures);
    }

    /// <summary>The scenario and the time it ran at.</summary>
    [GeneratedRegex(@"^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")]
    private static partial Regex ResultFolder();
}
