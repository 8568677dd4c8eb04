using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost;
using Engram.LocalHost.Running;

namespace Engram.AppHost.Tests;

public sealed class ModelTests
{
    [Fact]
    public async Task An_expression_keeps_its_text_and_takes_its_values_late()
    {
        using var data = new TemporaryFolder();
        var builder = new DistributedApplicationBuilder(["--data", data.Path, "--Parameters:password", "p{0}w"], appHost: null);
        var password = builder.AddParameter("password", secret: true);
        var postgres = builder.AddPostgres("pg");
        var host = postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.Host);
        var port = postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.Port);
        var expression = ReferenceExpression.Create($"{{x}} Host={host};Port={port};Password={password}{"{literal}"}");

        Assert.Equal("{x} Host={pg.bindings.tcp.host};Port={pg.bindings.tcp.port};Password={password.value}{literal}", expression.ValueExpression);
        await Assert.ThrowsAsync<DistributedApplicationException>(async () => await expression.GetValueAsync());
        postgres.Resource.PrimaryEndpoint.Annotation.AllocatedPorts = [5432];
        Assert.Equal("{x} Host=127.0.0.1;Port=5432;Password=p{0}w{literal}", await expression.GetValueAsync());
    }

    [Fact]
    public void Two_resources_of_one_name_are_refused()
    {
        var builder = new DistributedApplicationBuilder([], appHost: null);
        builder.AddPostgres("data");
        Assert.Throws<DistributedApplicationException>(() => builder.AddParameter("data"));
    }

    [Fact]
    public void Ports_from_a_base_are_consecutive_and_skip_nothing()
    {
        var projects = Projects(2, replicas: 2);
        var first = FreeRun(4);
        PortAllocator.Allocate(projects, PortPlan.Parse($"{first}"));
        Assert.Equal([first, first + 1, first + 2, first + 3], projects.SelectMany(project => project.Annotations.OfType<EndpointAnnotation>().Single().AllocatedPorts));
    }

    [Fact]
    public void Two_resources_that_want_one_port_are_told_apart()
    {
        var port = FreeRun(1);
        var projects = Projects(2, replicas: 1, port);
        var failure = Assert.Throws<LocalHostException>(() => PortAllocator.Allocate(projects, PortPlan.AsConfigured));
        Assert.Contains($"Port {port}, wanted by 'p1'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Launch_settings_may_have_comments_and_other_kinds_of_profiles()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["Properties"]);
        File.WriteAllText(folder["Properties/launchSettings.json"], """
            {
              // written by an editor
              "profiles": {
                "iis": { "commandName": "IISExpress", "applicationUrl": "http://localhost:1" },
                "mine": { "commandName": "Project", "applicationUrl": "https://localhost:7001;http://localhost:7000", "commandLineArgs": "run --fast", "environmentVariables": { "A": "b" } },
              }
            }
            """);
        var settings = LaunchSettings.Read(folder["X.csproj"]);
        Assert.Equal(["https://localhost:7001/", "http://localhost:7000/"], settings.ApplicationUrls.Select(url => url.ToString()));
        Assert.Equal(["run", "--fast"], settings.Arguments);
        Assert.Equal("b", settings.Environment["A"]);
    }

    private static List<ProjectResource> Projects(int count, int replicas, int? port = null) =>
        [.. Enumerable.Range(0, count).Select(number =>
        {
            var project = new ProjectResource($"p{number}");
            project.Annotations.Add(new EndpointAnnotation("http", "http", port));
            project.Annotations.Add(new ReplicaAnnotation(replicas));
            return project;
        })];

    /// <summary>The first of so many free ports in a row.</summary>
    private static int FreeRun(int length)
    {
        while (true)
        {
            var first = Random.Shared.Next(20_000, 30_000);
            if (Enumerable.Range(first, length).All(LocalHost.Postgres.FreePort.IsFree))
            {
                return first;
            }
        }
    }
}
