using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace Engram.Api.Http;

/// <summary>
/// A JSON body as a handler's parameter. The framework's own binding stops at the first thing it does not like and names no field; this
/// checks the whole body against <typeparamref name="T"/> first, and refuses fields it does not know.
/// </summary>
internal sealed class Body<T> : IBindableFromHttpContext<Body<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    private static readonly JsonTypeInfo<T> TypeInfo = (JsonTypeInfo<T>)ApiJson.Wire.GetTypeInfo(typeof(T))!;

    private Body(T value) => Value = value;

    public T Value { get; }

    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter) => new(await ReadAsync(context));

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));

    internal static async ValueTask<T> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentType is not null && !context.Request.HasJsonContentType())
            throw new ProblemException(Problems.UnsupportedMediaType(context.Request.ContentType));
        using var document = await BodyReader.ReadAsync(context.Request.BodyReader, context.RequestAborted);
        var errors = BodyShape.Of(TypeInfo).Check(document.RootElement);
        if (errors.Count > 0)
            throw new ProblemException(Problems.Invalid(errors));
        try
        {
            return document.RootElement.Deserialize(TypeInfo)!;
        }
        catch (JsonException e)
        {
            throw new ProblemException(Problems.Invalid(e.Path?.TrimStart('$', '.') is { Length: > 0 } path ? path : "body", "The value has the wrong type."));
        }
    }
}

/// <summary>A JSON body that may be left out.</summary>
internal sealed class OptionalBody<T> : IBindableFromHttpContext<OptionalBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    private OptionalBody(T? value) => Value = value;

    public T? Value { get; }

    public static async ValueTask<OptionalBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        new(context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true ? await Body<T>.ReadAsync(context) : null);

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T), isOptional: true));
}

/// <summary>Reads a body as JSON of any shape.</summary>
internal static class BodyReader
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    public static async ValueTask<JsonDocument> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        ReadResult read;
        while (!(read = await reader.ReadAsync(cancellationToken)).IsCompleted)
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        try
        {
            if (read.Buffer.IsEmpty)
                throw new ProblemException(Problems.Invalid("body", "The body is empty; it must be a JSON object."));

            // Parsing borrows the buffer, which goes back to the pipe below: the document must own its bytes.
            return JsonDocument.Parse(read.Buffer.IsSingleSegment ? read.Buffer.First.ToArray() : read.Buffer.ToArray(), Options);
        }
        catch (JsonException e)
        {
            throw new ProblemException(Problems.Invalid("body", $"The body is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {Reason(e)}"));
        }
        catch (InvalidOperationException)
        {
            throw new ProblemException(Problems.Invalid("body", "A property name is not valid text (invalid UTF-8 or a lone surrogate)."));
        }
        finally
        {
            reader.AdvanceTo(read.Buffer.End);
        }
    }

    /// <summary>The parser's own words without the position it appends, which is said already.</summary>
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
