using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>Development unless <c>DOTNET_ENVIRONMENT</c> says otherwise: this way of running is for developers and tests.</summary>
internal sealed class HostEnvironment(string folder, string application) : IHostEnvironment
{
    public string EnvironmentName { get; set; } = System.Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environments.Development;

    public string ApplicationName { get; set; } = application;

    public string ContentRootPath { get; set; } = folder;

    public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
}
