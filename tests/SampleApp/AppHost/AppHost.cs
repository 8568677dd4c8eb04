// A small application for LocalHost's tests; configuration chooses what goes wrong.
var builder = DistributedApplication.CreateBuilder(args);
var secret = builder.AddParameter("shown-secret", new GenerateParameterDefault { MinLength = 30 }, secret: true);
var password = builder.AddParameter("the-password", new GenerateParameterDefault { MinLength = 30, Special = false }, secret: true);
var connection = builder.AddConnectionString("the-database", ReferenceExpression.Create($"Host=nowhere;Password={password}"));

var job = builder.AddProject<Projects.Engram_SampleService>("job", options => options.ExcludeLaunchProfile = true)
    .WithArgs("job", builder.Configuration["JobExitCode"] ?? "0");
var back = builder.AddProject<Projects.Engram_SampleService>("back-end")
    .WithHttpHealthCheck("/health")
    .WithReplicas(2)
    .WaitForCompletion(job);
var front = builder.AddProject<Projects.Engram_SampleService>("front", options => options.ExcludeLaunchProfile = true)
    .WithHttpEndpoint(port: 5192)
    .WithReference(back)
    .WithReference(connection)
    .WithEnvironment("SECRET", secret)
    .WithHttpHealthCheck("/health")
    .WaitFor(back);
front.WithUrl($"{front.GetEndpoint("http")}/start?with={secret}", "start");
if (builder.Configuration["WithCrasher"] is not null)
{
    builder.AddProject<Projects.Engram_SampleService>("crasher").WithArgs("crash");
}

builder.Build().Run();
