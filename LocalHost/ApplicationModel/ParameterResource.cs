namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value from outside: configuration first, then its default.</summary>
public sealed class ParameterResource(string name, Func<ParameterResource, string> read, bool secret) : Resource(name), IValueProvider, IManifestExpressionProvider
{
    private string? _value;

    public bool Secret { get; } = secret;

    public ParameterDefault? Default { get; init; }

    public string ValueExpression => $"{{{Name}.value}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(_value ??= read(this));
}
