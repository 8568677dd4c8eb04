// The TypeScript SDK 1.x: initialize, list, call, unknown tool, close.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { script } from "./script.mjs";

const [url, key] = process.argv.slice(2);
const client = new Client({ name: "peer-sdk-v1", version: "1.0.0" });
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: `Bearer ${key}` } },
});
await client.connect(transport);
assert.ok(transport.sessionId, "a handshake client gets a session");
await script(client);
await transport.terminateSession();
await client.close();
console.log("ok", transport.protocolVersion);
