using System.Diagnostics;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>
/// The client that waits for one result: what it can be told meanwhile, and whether its user can be asked. Clients of 2026-07-28 are asked by a
/// result that wants input and call again with the answer; of older ones the SDK asks by a request of its own and runs the handler again, so a tool
/// is written once: it throws what <see cref="Ask"/> returns, and finds the answer with <see cref="Answer"/> when it runs anew.
/// </summary>
internal sealed class WaitingClient(ModelContextProtocol.Server.McpServer server, RequestParams? parameters)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Whether the client can put a question to its user.</summary>
    public bool CanBeAsked => server.ClientCapabilities?.Elicitation is { } elicitation && (elicitation.Form is not null || elicitation.Url is null);

    /// <summary>Waits for work that may take long, and tells a client that wants to know every second how long it has been.</summary>
    /// <param name="work">What is waited for; it is cancelled by its own token.</param>
    /// <param name="message">What is being done, in words for a person.</param>
    /// <param name="atMost">How long it can take, or null where nobody knows.</param>
    /// <param name="ct">Cancels the telling.</param>
    public async Task<T> WhileAsync<T>(Task<T> work, string message, TimeSpan? atMost, CancellationToken ct)
    {
        if (parameters?.ProgressToken is not { } token)
        {
            return await work;
        }

        var started = Stopwatch.GetTimestamp();
        do
        {
            var progress = new ProgressNotificationValue
            {
                Progress = (float)Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3),
                Total = (float?)atMost?.TotalSeconds,
                Message = message,
            };
            await server.NotifyProgressAsync(token, progress, options: null, ct);
        }
        while (await Task.WhenAny(work, Task.Delay(Interval, ct)) != work);
        return await work;
    }

    /// <summary>What to throw so that the user is asked a question of yes or no.</summary>
    /// <param name="key">Names the question, for <see cref="Answer"/>.</param>
    /// <param name="message">The question.</param>
    /// <param name="yes">The label of the box to tick.</param>
    public static InputRequiredException Ask(string key, string message, string yes) => new(
        new Dictionary<string, InputRequest>
        {
            [key] = InputRequest.ForElicitation(new ElicitRequestParams
            {
                Message = message,
                RequestedSchema = new ElicitRequestParams.RequestSchema
                {
                    Properties = new Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition>
                    {
                        [key] = new ElicitRequestParams.BooleanSchema { Title = yes, Default = false },
                    },
                    Required = [key],
                },
            }),
        },
        requestState: null);

    /// <summary>True for yes, false for no or a closed dialog, null where the question has not been asked yet.</summary>
    public bool? Answer(string key)
    {
        if (parameters?.InputResponses is not { } answers || !answers.TryGetValue(key, out var answer))
        {
            return null;
        }

        return answer.Deserialize(InputResponse.ElicitResultJsonTypeInfo) is { IsAccepted: true, Content: { } content }
            && content.TryGetValue(key, out var ticked) && ticked.ValueKind == JsonValueKind.True;
    }
}
