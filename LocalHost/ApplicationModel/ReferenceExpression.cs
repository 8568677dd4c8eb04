using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Text with values in it that are known when the application runs: endpoints, parameters, connection strings.</summary>
public sealed class ReferenceExpression : IValueProvider, IManifestExpressionProvider
{
    private readonly IReadOnlyList<Part> _parts;

    private ReferenceExpression(IReadOnlyList<Part> parts) => _parts = parts;

    public string ValueExpression => string.Concat(_parts.Select(part => part.Literal ?? part.Expression));

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => handler.Build();

    /// <exception cref="DistributedApplicationException">A value in it is not known yet or not configured.</exception>
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            text.Append(part.Literal ?? await part.Provider!.GetValueAsync(cancellationToken));
        }

        return text.ToString();
    }

    private sealed record Part(string? Literal, IValueProvider? Provider, string? Expression);

    /// <summary>Lets the compiler take <c>$"Host={endpoint};Password={parameter}"</c> apart without evaluating it.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct ExpressionInterpolatedStringHandler
    {
        private readonly List<Part> _parts;

        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount) =>
            _parts = new List<Part>(formattedCount + (literalLength > 0 ? formattedCount + 1 : 0));

        public void AppendLiteral(string value) => _parts.Add(new Part(value, null, null));

        public void AppendFormatted(string? value) => _parts.Add(new Part(value ?? "", null, null));

        public void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider =>
            _parts.Add(new Part(null, valueProvider, valueProvider.ValueExpression));

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider =>
            _parts.Add(new Part(null, valueProvider.Resource, valueProvider.Resource.ValueExpression));

        internal ReferenceExpression Build() => new([.. _parts]);
    }
}
