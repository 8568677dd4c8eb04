// One story, told by each TypeScript client: connect, list the tools, store, search, list, be told what was wrong, delete.
// Arguments: which client (v1, v1-sse, v2-auto, v2-legacy), the server's URL, an API key.
import assert from "node:assert/strict";

const [which, url, key] = process.argv.slice(2);
const requestInit = { headers: { Authorization: `Bearer ${key}` } };

async function connect() {
  if (which === "v1") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
    const client = new Client({ name: "peer-v1", version: "1.0.0" });
    await client.connect(transport);
    return { client, transport, version: transport.protocolVersion };
  }

  if (which === "v1-sse") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { SSEClientTransport } = await import("@modelcontextprotocol/sdk/client/sse.js");
    const transport = new SSEClientTransport(new URL("/sse", url), { requestInit });
    const client = new Client({ name: "peer-v1-sse", version: "1.0.0" });
    await client.connect(transport);
    return { client, transport, version: transport._protocolVersion };
  }

  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  const mode = which === "v2-auto" ? "auto" : "legacy";
  const client = new Client({ name: `peer-${which}`, version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return { client, transport, version: client.getNegotiatedProtocolVersion() };
}

const { client, transport, version } = await connect();
assert.equal(client.getServerVersion().name, "engram");

const { tools } = await client.listTools();
const names = tools.map((tool) => tool.name);
assert.deepEqual(names.slice(0, 1), ["store_memory"]);

const text = `The peer ${which} prefers Grüße to greetings. 你好`;
// Both clients check structured content against the tool's output schema.
const stored = await client.callTool({ name: "store_memory", arguments: { content: text, bucket: which } });
assert.equal(stored.isError ?? false, false, JSON.stringify(stored));
const id = stored.structuredContent.memory_id;

const found = await client.callTool({ name: "search_memories", arguments: { query: "What does the peer prefer?", bucket: which } });
assert.equal(found.structuredContent.memories[0].memory_id, id);
assert.ok(found.content[0].text.includes(text));

const listed = await client.callTool({ name: "list_memories", arguments: { bucket: which } });
assert.equal(listed.structuredContent.total, 1);

for (const tool of ["list_buckets", "get_memory", "update_memory"]) {
  const args = { list_buckets: {}, get_memory: { memory_id: id, bucket: which }, update_memory: { memory_id: id, bucket: which, content: `${text} Really.` } };
  const reply = await client.callTool({ name: tool, arguments: args[tool] });
  assert.equal(reply.isError ?? false, false, JSON.stringify(reply));
}

const wrong = await client.callTool({ name: "list_memories", arguments: { limit: 5000 } });
assert.equal(wrong.isError, true);
assert.ok(wrong.content[0].text.includes("'limit'"));

await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), /no_such_tool/);

const deleted = await client.callTool({ name: "delete_memory", arguments: { memory_id: id, bucket: which } });
assert.equal(deleted.structuredContent.deleted, true);

await transport.terminateSession?.();
await client.close();
console.log(JSON.stringify({ version, tools: names.length, session: transport.sessionId ?? null }));
