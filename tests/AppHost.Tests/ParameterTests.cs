using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost;

namespace Engram.AppHost.Tests;

public sealed class ParameterTests
{
    [Theory]
    [InlineData("--Parameters:the-secret")]
    [InlineData("--Parameters:the_secret")]
    public async Task A_configured_value_goes_before_the_default(string option)
    {
        using var data = new TemporaryFolder();
        Assert.Equal("given", await ValueAsync(data, [option, "given"], new GenerateParameterDefault()));
        Assert.False(File.Exists(data["parameters.json"]), "what is configured is not stored");
    }

    [Fact]
    public async Task A_generated_value_is_made_once()
    {
        using var data = new TemporaryFolder();
        var first = await ValueAsync(data, [], new GenerateParameterDefault());
        Assert.Equal(first, await ValueAsync(data, [], new GenerateParameterDefault()));
        File.Delete(data["parameters.json"]);
        Assert.NotEqual(first, await ValueAsync(data, [], new GenerateParameterDefault()));
    }

    [Fact]
    public async Task A_parameter_without_value_and_default_says_how_to_set_it()
    {
        using var data = new TemporaryFolder();
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => ValueAsync(data, [], null));
        Assert.Contains("Parameters__the_secret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_store_of_secrets_is_not_overwritten()
    {
        using var data = new TemporaryFolder();
        await File.WriteAllTextAsync(data["parameters.json"], "{ \"the-sec");
        var failure = await Assert.ThrowsAsync<LocalHostException>(() => ValueAsync(data, [], new GenerateParameterDefault()));
        Assert.Contains(data["parameters.json"], failure.Message, StringComparison.Ordinal);
        Assert.Equal("{ \"the-sec", await File.ReadAllTextAsync(data["parameters.json"]));
    }

    [Fact]
    public void A_generated_value_has_the_wanted_length_and_characters()
    {
        var value = new GenerateParameterDefault { MinLength = 200, Upper = false, Special = false, MinNumeric = 150 }.GetDefaultValue();
        Assert.Equal(200, value.Length);
        Assert.All(value, character => Assert.True(char.IsAsciiDigit(character) || char.IsAsciiLetterLower(character)));
        Assert.True(value.Count(char.IsAsciiDigit) >= 150);
    }

    private static async Task<string?> ValueAsync(TemporaryFolder data, string[] args, ParameterDefault? fallback)
    {
        var builder = new DistributedApplicationBuilder(["--data", data.Path, .. args], appHost: null);
        var parameter = fallback is null ? builder.AddParameter("the-secret", secret: true) : builder.AddParameter("the-secret", fallback, secret: true);
        return await parameter.Resource.GetValueAsync();
    }
}
