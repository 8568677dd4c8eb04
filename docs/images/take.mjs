// Takes the README's screenshots of the portal from a running platform, with sample memories that it stores itself.
//   dotnet run --project AppHost -- --endpoints-file /tmp/endpoints.json        (a fresh --data folder, so that the set-up link works)
//   npm install --no-save playwright-core && node docs/images/take.mjs /tmp/endpoints.json
// CHROMIUM names the browser, /usr/bin/chromium unless set.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const endpoints = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const folder = dirname(fileURLToPath(import.meta.url));
const account = { email: 'ada@example.test', password: 'a password for screenshots' };

const memories = [
  ['Ada Lovelace moved from London to Lisbon in May 2026. Ada Lovelace works for Acme.', 'ada', ['profile']],
  ['Bob Byron is the brother of Ada Lovelace. Bob Byron lives in Porto.', 'ada', ['family']],
  ['Grace Hopper prefers tea to coffee and never eats peanuts.', 'grace', ['preference']],
  ['Grace Hopper works for Acme. Grace Hopper knows Ada Lovelace.', 'grace', ['work']],
  ['Acme is based in Berlin. Acme was founded in 2019.', 'grace', ['work']],
  ['The quarterly report is due on Friday; Grace Hopper reviews it.', 'grace', ['work']],
  ['Ada Lovelace adopted a grey cat called Babbage last week.', 'ada', ['home']],
  ['Ada Lovelace speaks Portuguese. Ada Lovelace likes sailing.', 'ada', ['profile']],
  ['Linus Benedict wants the release notes in plain text.', 'linus', ['preference', 'work']],
  ['Linus Benedict works for Acme. Linus Benedict lives in Helsinki.', 'linus', ['profile']],
  ['Margaret Hamilton manages Linus Benedict. Margaret Hamilton lives in Boston.', 'linus', ['work']],
  ['Lisbon is the capital of Portugal. Porto is in Portugal.', 'ada', ['places']],
  ['Bob Byron owns a sailing boat called Difference.', 'ada', ['family']],
  ['Acme uses PostgreSQL for the billing service.', 'linus', ['work']],
];
const headers = { authorization: `Bearer ${endpoints.api_key}`, 'content-type': 'application/json' };
const post = (path, body) => fetch(`${endpoints.api}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
for (const [content, user_id, categories] of memories) {
  const stored = await post('/v1/buckets/default/memories?wait=extracted', { content, user_id, categories, agent_id: 'notes-agent', metadata: { source: 'chat' } });
  if (!stored.ok) throw new Error(`Storing the samples failed: ${stored.status} ${await stored.text()}`);
}

// Traffic, as long as asked for, so that the overview and the charts have something to show.
const questions = ['Where does Ada Lovelace live?', 'Who works for Acme?', 'What does Grace Hopper drink?', 'Who is the brother of Ada?', 'Where is Acme based?', 'What is the cat called?'];
const begun = Date.now();
const until = begun + 1000 * Number(process.env.TRAFFIC_SECONDS ?? 120);
for (let i = 0; Date.now() < until; i++) {
  await post('/v1/query', { query: questions[i % questions.length], options: { skip_synthesis: i % 3 === 0 } });
  await fetch(`${endpoints.api}/router/buckets`, { headers });
  await fetch(`${endpoints.api}/v1/buckets/default/memories?limit=20`, { headers });
  if (i % 4 === 0) await post('/v1/buckets/tickets/memories', { content: `Ticket ${i}: customer ${i % 17} asked about invoice ${1000 + i}.`, user_id: `customer${i % 17}`, agent_id: 'support-agent', categories: ['support'] });
  if (i % 5 === 0) await callTool('list_memories', { bucket: 'default' });
  await new Promise(resolve => setTimeout(resolve, 150));
}

async function callTool(name, args) {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'take', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} } } };
  await fetch(endpoints.mcp, { method: 'POST', headers: { ...headers, accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name }, body: JSON.stringify(body) }).then(answer => answer.text());
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const open = async (colorScheme, width) => {
  const page = await (await browser.newContext({ colorScheme, viewport: { width, height: 800 } })).newPage();
  await page.goto(`${endpoints.portal}/sign-in`);
  await page.fill('#email', account.email);
  await page.fill('#password', account.password);
  await page.click('button[type=submit].primary');
  await page.waitForURL(`${endpoints.portal}/`);
  return page;
};
const take = async (page, path, name) => {
  await page.goto(endpoints.portal + path);
  await page.waitForTimeout(3000);
  await page.screenshot({ path: join(folder, name) });
};

try {
  const setup = await browser.newPage();
  await setup.goto(endpoints.portal_login);
  await setup.fill('#email', account.email);
  await setup.fill('#password', account.password);
  await setup.fill('#repeat', account.password);
  await setup.click('button[type=submit].primary');
  await setup.waitForLoadState();

  const wide = await open('light', 1280);
  await take(wide, '/', 'portal-overview.png');
  await take(wide, '/query?q=Where%20does%20Linus%20Benedict%20live%3F', 'portal-query-lab.png');
  await take(wide, `/latency?from=${new Date(begun).toISOString()}&to=${new Date().toISOString()}`, 'portal-latency.png');
  await take(wide, '/graph?entity=Ada%20Lovelace&hops=2', 'portal-graph.png');
  await take(await open('dark', 390), '/buckets/default', 'portal-phone-dark.png');
} finally {
  await browser.close();
}
