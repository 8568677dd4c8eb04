using System.CommandLine;
using Engram.Smoke.Run;

namespace Engram.Smoke;

/// <summary>The command line.</summary>
internal static class SmokeCommand
{
    private static readonly (string Name, string Description)[] Texts =
    [
        ("api", "Address of the Api"),
        ("mcp", "Address of the MCP server; without it its checks are skipped"),
        ("portal", "Address of the portal; without it its checks are skipped"),
        ("worker", "Address of the Worker, for its health"),
        ("fake-provider", "Address of tests/FakeProvider as the hosts see it; without it the provider faults are skipped"),
        ("admin-key", "API key with account:admin; the timings are kept in its tenant (default: ENGRAM_API_KEY)"),
        ("operator-secret", "Engram:Operator:Secret of the Api, to make tenants with (default: ENGRAM_OPERATOR_SECRET)"),
    ];

    public static RootCommand Create()
    {
        var root = new RootCommand("Looks whether a deployment of Engram works: about a hundred operations, each with one fixture and one expected shape, in tenants of their own. Exit code 0: passed, 1: failed, 2: no verdict.");
        var endpoints = new Option<FileInfo?>("--endpoints") { Description = "File written by 'dotnet run --project AppHost -- --endpoints-file FILE'; a single option goes before it" };
        var texts = Texts.ToDictionary(text => text.Name, text => new Option<string?>($"--{text.Name}") { Description = text.Description });
        var json = new Option<FileInfo?>("--json") { Description = "Writes the whole result as JSON" };
        var append = new Option<FileInfo?>("--append") { Description = "Appends a line of JSON a check" };
        var deploy = new Option<string?>("--deploy-id") { Description = "Names the deployment (default: what the Api calls itself)" };
        var group = new Option<string[]>("--group") { Description = $"Only this group, may be repeated: {string.Join(", ", SmokeGroup.All.Select(one => one.Name))}" };
        group.Validators.Add(result =>
        {
            foreach (var name in result.Tokens.Select(token => token.Value).Where(name => SmokeGroup.All.All(one => one.Name != name)))
                result.AddError($"There is no group '{name}'. Groups: {string.Join(", ", SmokeGroup.All.Select(one => one.Name))}.");
        });
        root.Add(endpoints);
        foreach (var option in texts.Values)
            root.Add(option);
        root.Add(json);
        root.Add(append);
        root.Add(deploy);
        root.Add(group);
        root.SetAction(async (parsed, stop) =>
        {
            var target = Target.Resolve(parsed.GetValue(endpoints), name => parsed.GetValue(texts[name]));
            var wanted = parsed.GetValue(group) is { Length: > 0 } names ? SmokeGroup.All.Where(one => names.Contains(one.Name)).ToArray() : [.. SmokeGroup.All];
            var run = new SmokeRun(target, wanted, parsed.GetValue(deploy), stop)
            {
                Progress = Console.IsErrorRedirected ? null : group => Console.Error.Write($"\r{group,-40}\r"),
            };
            var report = await run.RunAsync();
            Write(parsed.GetValue(json), report.ToJson(), append: false);
            Write(parsed.GetValue(append), report.ToLines(), append: true);
            await Console.Out.WriteAsync(report.ToTable());
            return report.Exit;
        });
        return root;
    }

    private static void Write(FileInfo? file, string text, bool append)
    {
        if (file is null)
            return;
        try
        {
            if (append)
                File.AppendAllText(file.FullName, text);
            else
                File.WriteAllText(file.FullName, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SmokeException($"'{file}' cannot be written: {e.Message}", e);
        }
    }
}
