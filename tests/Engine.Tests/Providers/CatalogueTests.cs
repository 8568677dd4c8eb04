using Engram.Engine.Providers;

namespace Engram.Engine.Tests.Providers;

public sealed class CatalogueTests
{
    [Fact]
    public void Every_provider_that_is_promised_is_there_and_complete()
    {
        string[] promised =
        [
            "openai", "anthropic", "azure-openai", "gemini", "groq", "together", "fireworks", "deepseek", "mistral", "openrouter", "xai",
            "ollama", "vllm", "lmstudio", "openai-compatible",
        ];

        Assert.Equal(promised, ProviderCatalogue.All.Select(entry => entry.Id));
        Assert.All(ProviderCatalogue.All, entry =>
        {
            Assert.NotEmpty(entry.DisplayName);
            Assert.True(entry.Capabilities.Streaming);

            // A request's path is put after the base URL: without the slash the SDK still does so, but a person comparing the two is misled.
            Assert.True(entry.BaseUrl is { } url ? url.AbsoluteUri.EndsWith('/') : entry.BaseUrlExample is not null);
            Assert.Equal(entry.BaseUrl is null, entry.SuggestedModels is null);
        });
        Assert.Same(ProviderCatalogue.Find("openai"), ProviderCatalogue.Find("OpenAI"));
        Assert.Null(ProviderCatalogue.Find("nobody"));
    }

    [Fact]
    public void Every_suggested_model_has_a_price()
    {
        foreach (var entry in ProviderCatalogue.All.Where(entry => entry.SuggestedModels is not null))
        {
            Assert.All(Enum.GetValues<ModelRole>(), role => Assert.True(
                entry.SuggestedModels!.For(role) is { } model ? PriceTable.Find(entry.Id, model) is not null : role == ModelRole.Embed));
        }

        Assert.InRange(PriceTable.AsOf, new DateOnly(2026, 1, 1), new DateOnly(2026, 12, 31));
    }

    [Theory]
    [InlineData("openai", "gpt-4.1-mini", true)]
    [InlineData("openai", "gpt-3.5-turbo", false)]
    [InlineData("anthropic", "claude-haiku-4-5", true)]
    [InlineData("anthropic", "claude-3-5-haiku-20241022", false)]
    [InlineData("deepseek", "deepseek-chat", false)]
    [InlineData("groq", "openai/gpt-oss-20b", true)]
    [InlineData("groq", "llama-3.3-70b-versatile", false)]
    public void A_schema_is_promised_only_where_the_model_holds_to_it(string provider, string model, bool holds) =>
        Assert.Equal(holds, ProviderCatalogue.Find(provider)!.HoldsToJsonSchema(model));

    [Theory]
    [InlineData("gpt-4.1-mini", 0.40)]
    [InlineData("gpt-4.1-mini-2025-04-14", 0.40)]
    [InlineData("gpt-4.1", 2.00)]
    [InlineData("gpt-4.1-2025-04-14", 2.00)]
    [InlineData("GPT-4.1", 2.00)]
    public void A_dated_model_has_the_price_of_its_name(string model, double inputPerMillion) =>
        Assert.Equal((decimal)inputPerMillion, PriceTable.Find("openai", model)!.InputPerMillion);

    [Theory]
    [InlineData("openai", "gpt-4.1-turbo")] // another model than gpt-4.1
    [InlineData("openai", "gpt-4")]
    [InlineData("openai", "claude-haiku-4-5")]
    [InlineData("ollama", "llama3")]
    [InlineData("nobody", "gpt-4.1")]
    [InlineData("openai", "")]
    [InlineData("openai", "-")]
    public void A_price_that_is_not_known_is_not_guessed(string provider, string model) => Assert.Null(PriceTable.CostUsd(provider, model, 1000, 1000));

    [Fact]
    public void A_tenants_own_price_goes_before_the_table()
    {
        var own = new Dictionary<string, ModelPrice> { ["gpt-4.1"] = new(1, 2), ["*"] = new(10, 20) };

        Assert.Equal(0.010m, PriceTable.CostUsd("openai", "gpt-4.1", 1000, 1000)!.Value);
        Assert.Equal(0.003m, PriceTable.CostUsd("openai", "gpt-4.1", 1000, 1000, own)!.Value);
        Assert.Equal(0.030m, PriceTable.CostUsd("ollama", "anything", 1000, 1000, own)!.Value);
    }

    [Fact]
    public void A_key_is_never_printed()
    {
        var key = new ProviderSecret(" sk-abcdefghijklmnop1234 \n");
        var connection = new ProviderConnection(Guid.NewGuid(), ProviderCatalogue.Find("openai")!, new Uri("https://api.openai.com/v1/"), key);

        Assert.Equal("sk-abcdefghijklmnop1234", key.Reveal());
        Assert.Equal("...1234", key.ToString());
        Assert.DoesNotContain("abcdefgh", connection.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("abcdefgh", System.Text.Json.JsonSerializer.Serialize(connection), StringComparison.Ordinal);
        Assert.Equal("", new ProviderSecret("short").LastFour());
        Assert.Equal("the key ...1234 is wrong", key.Redact("the key sk-abcdefghijklmnop1234 is wrong"));
    }
}
