using System.Text.Json;
using Engram.Engine.Prompts;

namespace Engram.Engine.Tests.Prompts;

public sealed class JsonSchemaCheckTests
{
    private const string Trip = """
        {"type":"object","required":["city","days"],"additionalProperties":false,"properties":{
          "city":{"type":"string","minLength":2,"pattern":"^[A-Z]"},"days":{"type":"integer","minimum":1,"maximum":30},
          "with":{"type":"array","items":{"$ref":"#/$defs/person"},"maxItems":2,"uniqueItems":true},"by":{"enum":["train","plane"]},
          "cost":{"anyOf":[{"type":"number"},{"type":"null"}]}},
         "$defs":{"person":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}}}
        """;

    [Theory]
    [InlineData("""{"city":"Lisbon","days":3}""")]
    [InlineData("""{"city":"Lisbon","days":3.0,"with":[{"name":"Ann"}],"by":"train","cost":null}""")]
    public void What_fits_has_no_errors(string value) => Assert.Empty(Check(Trip, value));

    [Theory]
    [InlineData("""{"city":"Lisbon"}""", "$.days")]
    [InlineData("""{"city":"lisbon","days":3}""", "$.city")]
    [InlineData("""{"city":"L","days":3}""", "$.city")]
    [InlineData("""{"city":"Lisbon","days":"3"}""", "$.days")]
    [InlineData("""{"city":"Lisbon","days":3.5}""", "$.days")]
    [InlineData("""{"city":"Lisbon","days":31}""", "$.days")]
    [InlineData("""{"city":"Lisbon","days":3,"with":[{"name":"Ann"},{"nick":"B"}]}""", "$.with[1].name")]
    [InlineData("""{"city":"Lisbon","days":3,"with":[{"name":"A"},{"name":"A"}]}""", "$.with")]
    [InlineData("""{"city":"Lisbon","days":3,"by":"bus"}""", "$.by")]
    [InlineData("""{"city":"Lisbon","days":3,"cost":"much"}""", "$.cost")]
    [InlineData("""{"city":"Lisbon","days":3,"hotel":1}""", "$.hotel")]
    [InlineData("[]", "$")]
    public void What_does_not_fit_is_named_by_its_path(string value, string path) => Assert.Equal(path, Assert.Single(Check(Trip, value)).Path);

    [Theory]
    [InlineData("""{"type":"text"}""", "$.type")]
    [InlineData("""{"properties":{"a":{"if":{}}}}""", "$.properties.a.if")]
    [InlineData("""{"properties":{"a":{"$ref":"https://example.org/x"}}}""", "$.properties.a.$ref")]
    [InlineData("""{"items":{"pattern":"(a)\\1"}}""", "$.items.pattern")]
    [InlineData("""{"anyOf":{}}""", "$.anyOf")]
    [InlineData("""{"minLength":-1}""", "$.minLength")]
    public void A_schema_that_would_not_be_enforced_is_refused(string schema, string path)
    {
        Assert.False(JsonSchemaCheck.TryCreate(JsonElement.Parse(schema), out _, out var errors));
        Assert.Equal(path, errors[0].Path);
    }

    [Fact]
    public void A_schema_that_doubles_its_work_at_every_level_ends()
    {
        const string Schema = """{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]},{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}]}}}""";
        // Without a bound on its steps it does not come back.
        Assert.NotEmpty(Check(Schema, "1"));
    }

    private static IReadOnlyList<SchemaError> Check(string schema, string value)
    {
        Assert.True(JsonSchemaCheck.TryCreate(JsonElement.Parse(schema), out var check, out _));
        return check!.Check(JsonElement.Parse(value));
    }
}
