#!/usr/bin/env node
// Proves that the smoke is one: breaks a copy of the tree in many small ways, one at a time, builds it, starts the platform on free ports with
// data of its own, runs the smoke, and prints which checks caught it. Nothing in the checkout is touched. Exit code 0: every break was caught,
// 1: one was missed, 2: the proof itself could not be made.
//
//   node tests/Smoke/seeded-breaks.mjs [--only WORD] [--list] [--keep] [--json FILE]
//
// Needs the .NET SDK 10 and Node 20. About a minute and a half a break on two cores.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { breaks } from './seeded-breaks.list.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: options } = parseArgs({
  options: { only: { type: 'string', multiple: true }, list: { type: 'boolean' }, keep: { type: 'boolean' }, json: { type: 'string' } },
});
const smokeProgram = 'tests/Smoke/bin/Debug/net10.0/Engram.Smoke.dll';
const startLimit = 600_000;
const smokeLimit = 600_000;

/** The platform runs: says where, and how to end it. */
async function startPlatform(copy, data) {
  const endpoints = join(data, 'endpoints.json');
  const host = spawn('dotnet', ['exec', 'AppHost/bin/local/Debug/net10.0/Engram.AppHost.dll', '--ports', 'auto', '--data', data, '--endpoints-file', endpoints],
    { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [host.stdout, host.stderr]) stream.on('data', (text) => { output = (output + text).slice(-20_000); });
  const ended = new Promise((resolve) => host.on('exit', resolve));
  const stop = async () => { host.kill('SIGTERM'); await ended; };
  const until = Date.now() + startLimit;
  while (!existsSync(endpoints)) {
    if (host.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error(`The platform did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { endpoints, stop };
}

/** Runs the smoke, which no break touches: what is broken is what it looks at. */
function runSmoke(copy, endpoints, json) {
  return new Promise((resolve, reject) => {
    const run = spawn('dotnet', ['exec', join(copy, smokeProgram), '--endpoints', endpoints, '--json', json], { stdio: ['ignore', 'ignore', 'pipe'], timeout: smokeLimit });
    let error = '';
    run.stderr.on('data', (text) => { error += text; });
    run.on('exit', (code) => code === 0 || code === 1 ? resolve(JSON.parse(readFileSync(json, 'utf8'))) : reject(new Error(`The smoke came to no verdict: ${error}`)));
  });
}

function build(folder, project) {
  try {
    // A broken tree need not be a tidy one: without analyzers it is built in a third of the time.
    execFileSync('dotnet', ['build', project, '-v', 'q', '--nologo', '-p:RunAnalyzers=false', '-p:TreatWarningsAsErrors=false', '-nodeReuse:false'], { cwd: folder, stdio: 'pipe' });
  } catch (error) {
    throw new Error(`${project} did not build:\n${String(error.stdout).split('\n').filter((line) => line.includes('error')).slice(0, 5).join('\n')}`);
  }
}

/** Tracked files and new ones, none that is ignored. */
function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), 'engram-breaks-'));
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, maxBuffer: 1 << 26 }).toString().split('\0').filter(Boolean);
  for (const file of files) {
    if (!existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  return copy;
}

/** Makes the edits of a break; each must fit exactly once, so that a break that no longer breaks anything is noticed. Gives what undoes them. */
function apply(copy, edits) {
  const before = [];
  for (const [file, find, replacement] of edits) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    const at = text.indexOf(find);
    if (at < 0 || text.indexOf(find, at + 1) >= 0) throw new Error(`In ${file} this is ${at < 0 ? 'no longer there' : 'not unique'}: ${find}`);
    before.push([path, text]);
    writeFileSync(path, text.slice(0, at) + replacement + text.slice(at + find.length));
  }
  return () => before.reverse().forEach(([path, text]) => writeFileSync(path, text));
}

/** One platform, one smoke. */
async function look(copy) {
  const data = mkdtempSync(join(tmpdir(), 'engram-breaks-data-'));
  try {
    const platform = await startPlatform(copy, data);
    try {
      return await runSmoke(copy, platform.endpoints, join(data, 'smoke.json'));
    } finally {
      await platform.stop();
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function row(name, caught, seconds) {
  const shown = caught.slice(0, 3).map((check) => `${check.group} / ${check.name}`);
  if (caught.length > shown.length) shown.push(`and ${caught.length - shown.length} more`);
  console.log(`| ${name} | ${caught.length} | ${caught.length === 0 ? '**MISSED**' : shown.join('; ')} | ${seconds} |`);
}

async function main() {
  const wanted = breaks.filter(({ name }) => !options.only || options.only.some((word) => name.includes(word)));
  if (options.list) return wanted.forEach(({ name }) => console.log(name)), 0;
  const copy = copyTree();
  const results = [];
  const unproved = [];
  try {
    // Before anything is built: what no longer fits would otherwise be found out an hour later.
    for (const { edits } of wanted) apply(copy, edits)();
    build(copy, 'tests/Smoke');
    build(copy, 'AppHost');
    const sound = await look(copy);
    const wrong = sound.checks.filter((check) => check.outcome !== 'passed');
    if (wrong.length > 0) throw new Error(`The smoke does not pass on the tree as it is: ${wrong.map((check) => `${check.group} / ${check.name}: ${check.detail}`).join('\n')}`);
    console.log(`Unbroken: ${sound.checks.length} checks passed in ${(sound.duration_ms / 1000).toFixed(1)} s.\n`);
    console.log('| break | caught by | the first of them | s |\n| --- | --: | --- | --: |');
    for (const { name, edits } of wanted) {
      const started = Date.now();
      const undo = apply(copy, edits);
      try {
        build(copy, 'AppHost');
        const caught = (await look(copy)).checks.filter((check) => check.outcome === 'failed');
        results.push({ break: name, caught: caught.map(({ group, name: check, detail }) => ({ group, check, detail })) });
        row(name, caught, Math.round((Date.now() - started) / 1000));
      } catch (error) {
        // The others need not wait for it: it is run again with --only.
        unproved.push(name);
        console.log(`| ${name} | | no verdict: ${error.message.split('\n').slice(0, 3).join(' ')} | ${Math.round((Date.now() - started) / 1000)} |`);
      } finally {
        undo();
      }
    }
  } finally {
    if (options.keep) console.log(`\nThe copy is kept in ${copy}`);
    else rmSync(copy, { recursive: true, force: true });
    if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 2) + '\n');
  }
  const missed = results.filter(({ caught }) => caught.length === 0).length;
  console.log(`\n${results.length} breaks, ${results.length - missed} caught, ${missed} missed${unproved.length > 0 ? `, ${unproved.length} without a verdict` : ''}.`);
  return missed > 0 ? 1 : unproved.length > 0 ? 2 : 0;
}

process.exitCode = await main().catch((error) => (console.error(error.message), 2));
