using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>The protocol's own conformance suite against the real server.</summary>
public sealed partial class ConformanceTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private const string Conformance = "@modelcontextprotocol/conformance/dist/index.js";

    /// <summary>Those that ask nothing but the protocol of a server: on the production configuration, with the product's tools.</summary>
    [Theory]
    [InlineData("server-initialize")]
    [InlineData("ping")]
    [InlineData("tools-list")]
    [InlineData("resources-list")]
    [InlineData("prompts-list")]
    [InlineData("server-sse-multiple-streams")]
    [InlineData("dns-rebinding-protection")]
    public async Task The_production_configuration_passes(string scenario)
    {
        await using var server = await fixture.StartAsync(services => services.AddSingleton<IStartupFilter>(new KeyInjector(fixture.KeyA)));

        var (exitCode, output, errors) = await PeerPackages.RunPackageAsync(Conformance, "server", "--url", server.Url.ToString(), "--scenario", scenario);

        Assert.True(exitCode == 0, output + errors);
    }

    [Fact]
    public async Task No_check_fails_with_the_fixtures_the_suite_asks_for()
    {
        await using var server = await fixture.StartAsync(services =>
        {
            services.AddSingleton<IStartupFilter>(new KeyInjector(fixture.KeyA));
            ConformanceFixtures.Add(services);
        });

        var (exitCode, output, errors) = await PeerPackages.RunPackageAsync(Conformance, "server", "--url", server.Url.ToString(), "--suite", "all");

        Assert.True(exitCode == 0, output + errors);
        var total = Total().Match(output);
        Assert.True(total.Success && int.Parse(total.Groups[1].Value, CultureInfo.InvariantCulture) >= 44 && total.Groups[2].Value == "0", output);
    }

    [GeneratedRegex(@"Total: (\d+) passed, (\d+) failed")]
    private static partial Regex Total();
}
