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
  ['Ada Lovelace moved to Lisbon in May 2026 and works for Acme.', 'ada', ['profile']],
  ['Grace prefers tea to coffee and never eats peanuts.', 'grace', ['preference']],
  ['Bob is the brother of Ada Lovelace. He lives in Porto.', 'ada', ['family']],
  ['The quarterly report is due on Friday; Grace reviews it.', 'grace', ['work']],
  ['Ada adopted a grey cat called Babbage last week.', 'ada', ['home']],
  ['Linus wants the release notes in plain text.', 'linus', ['preference', 'work']],
];
const stored = await fetch(`${endpoints.api}/v1/buckets/default/memories?wait=extracted`, {
  method: 'POST',
  headers: { authorization: `Bearer ${endpoints.api_key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ memories: memories.map(([content, user_id, categories]) => ({ content, user_id, categories })) }),
});
if (!stored.ok) throw new Error(`Storing the samples failed: ${stored.status} ${await stored.text()}`);

// Some traffic, so that the overview and the charts have something to show.
const headers = { authorization: `Bearer ${endpoints.api_key}`, 'content-type': 'application/json' };
for (const query of ['Where does Ada live?', 'Who works for Acme?', 'What does Grace drink?', 'Who is Bob?']) {
  for (const skip_synthesis of [true, false]) {
    await fetch(`${endpoints.api}/v1/query`, { method: 'POST', headers, body: JSON.stringify({ query, options: { skip_synthesis } }) });
  }
  await fetch(`${endpoints.api}/router/buckets`, { headers });
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
  await take(wide, '/query?q=Where%20does%20Ada%20live%3F', 'portal-search.png');
  await take(await open('dark', 390), '/buckets/default', 'portal-phone-dark.png');
} finally {
  await browser.close();
}
