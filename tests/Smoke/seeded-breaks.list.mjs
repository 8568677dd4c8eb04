// The breaks, each the smallest edit that a tired person could make: [file, what stands there, what stands there instead].
export const breaks = [
  {
    name: 'the bucket predicate of a memory is dropped',
    edits: [['Engine/Memories/MemoryReader.cs',
      'where m.tenant_id = $1 and m.id = $2 and (b.name = $3 or b.id::text = $3)',
      'where m.tenant_id = $1 and m.id = $2 and (b.name = $3 or true)']],
  },
  {
    // Either alone holds: row level security stands behind the predicate, and the predicate before it.
    name: 'the tenant predicate of a memory is dropped, and the row policy lets everything through',
    edits: [
      ['Engine/Database/Migrations/0001_tenants_and_keys.sql',
        "using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))", 'using (true)'],
      ['Engine/Memories/MemoryReader.cs',
        'where m.tenant_id = $1 and m.id = $2 and (b.name = $3 or b.id::text = $3)',
        'where $1::uuid is not null and m.id = $2 and (b.name = $3 or b.id::text = $3)'],
    ],
  },
  {
    name: 'a missing scope is answered 404 instead of 403',
    edits: [['Api/Http/Problems.cs',
      'StatusCodes.Status403Forbidden, "insufficient_scope", "The key may not do this", $"This needs a key with the scope',
      'StatusCodes.Status404NotFound, "insufficient_scope", "The key may not do this", $"This needs a key with the scope']],
  },
  {
    name: 'the receipt has no undo_token',
    edits: [['Api/Memories/MemoryContracts.cs', 'UndoToken = dryRun ? null : receipt.UndoToken,', 'UndoToken = null,']],
  },
  {
    name: 'a revoked key stays in the cache of every host',
    edits: [['Engine/Keys/KeyCache.cs', 'if (key.Principal.KeyId == keyId)', 'if (key.Principal.KeyId == keyId && key.ValidUntil == default)']],
  },
  {
    name: 'other hosts do not hear of a revoked key',
    edits: [['Engine/Keys/KeyCache.cs', 'if (Guid.TryParse(payload, out var keyId))\n            Invalidate(keyId);', 'if (Guid.TryParse(payload, out var keyId))\n            return;']],
  },
  {
    name: 'a citation is not verified',
    edits: [['Engine/Recall/AnswerReader.cs',
      'if (memoryOf(number) is not { } memory)\n                {\n                    Remove();',
      'if (memoryOf(number) is not { } memory)\n                {\n                    foreach (var c in $"[{Guid.CreateVersion7()}]")\n                        Emit(c, ofClaim: false);']],
  },
  {
    name: 'nothing is merged',
    edits: [['Engine/Memories/DuplicateFinder.cs', 'if (bucket.Memories == 0 || memories', 'if (bucket.Memories >= 0 || memories']],
  },
  {
    name: 'the vector arm ignores the filter',
    edits: [['Engine/Recall/Recall.cs', 'vector, model, run.Request.Filter, _options.Candidates', 'vector, model, null, _options.Candidates']],
  },
  {
    name: 'the graph arm ignores the filter',
    edits: [['Engine/Recall/Recall.cs', '[.. names.Keys], run.Request.Filter, run.Request.AsOf', '[.. names.Keys], null, run.Request.AsOf']],
  },
  {
    name: 'a cursor repeats the row it stands on',
    edits: [['Engine/Memories/MemoryReader.cs', '" and (m.created_at, m.id) < ($5, $6)"', '" and (m.created_at, m.id) <= ($5, $6)"']],
  },
  {
    name: 'answers have no X-Request-Id',
    edits: [['Api/Http/RequestFrame.cs', 'context.Response.Headers["X-Request-Id"] = timer.RequestId.ToString();', '']],
  },
  {
    name: 'any scope will do',
    edits: [['Api/Auth/KeyAuthentication.cs', 'if (!principal.Has(required.Scope))', 'if (principal.Scopes == 0)']],
  },
  {
    name: 'calls over MCP are not recorded',
    edits: [['McpServer/Transport/RequestGuard.cs', 'if (call is not null && (fault is not null || !call.AnsweredElsewhere))', 'if (call is not null && fault is not null)']],
  },
  {
    name: 'a tool answers without structuredContent',
    edits: [['McpServer/Tools/RenderedResult.cs', ', StructuredContent = DataMarkElement }', ' }']],
  },
  {
    name: 'every authenticated request pays 30 ms, as for a wrong primitive',
    edits: [['Engine/Keys/ApiKeyAuthenticator.cs',
      '_lastUsed.Note(cached, now);\n            return', 'Thread.Sleep(30);\n            _lastUsed.Note(cached, now);\n            return']],
  },
  {
    name: "a provider's fault becomes a generic 500",
    edits: [['Api/Http/RequestFrame.cs', 'ProviderException e => Problems.From(e.Fault),', '']],
  },
  {
    name: 'usage is not written',
    edits: [['Engine/Usage/UsageMeter.cs',
      'await using var command = _db.Command(Upsert, ParametersOf(batch));\n        await command.ExecuteNonQueryAsync(cancellationToken);', 'await Task.CompletedTask;']],
  },
  {
    name: 'the portal sends no Content-Security-Policy',
    edits: [['Portal/Security/SecurityHeaders.cs', 'headers.ContentSecurityPolicy = ContentSecurityPolicy;', '']],
  },
  {
    name: 'an Idempotency-Key is ignored',
    edits: [['Engine/Memories/MemoryStore.cs',
      'var requestHash = options.IdempotencyKey is null ? null : IdempotencyRecord.HashOf(bucket, memories);', 'byte[]? requestHash = null;']],
  },
  {
    name: 'a stream does not end in [DONE]',
    edits: [['Api/Recall/QueryStream.cs', 'await WriteAsync(context, "[DONE]"u8.ToArray());', '']],
  },
];
