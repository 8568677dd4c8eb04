// A folder of the per-user cache that is either complete or not there. Builds of several checkouts may ask at once.

import { existsSync, unlinkSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HeartbeatMilliseconds = 2_000;
const StaleMilliseconds = 60_000;
const PollMilliseconds = 200;

/**
 * Makes `target` by calling `produce(temporaryFolder)` unless it exists. The rename at the end is what makes it safe; the
 * lock only spares a second build the same download, so a lock left by a killed build may simply be taken over.
 */
export async function ensureFolder(target, produce) {
  if (existsSync(target)) return;
  await mkdir(path.dirname(target), { recursive: true });
  const release = await acquireLock(`${target}.lock`, () => existsSync(target));
  try {
    if (existsSync(target)) return;
    await removeLeftovers(target);
    const temporary = `${target}.${process.pid}.tmp`;
    await mkdir(temporary, { recursive: true });
    try {
      await produce(temporary);
      await renameFolder(temporary, target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } finally {
    await release();
  }
}

async function acquireLock(file, isDone) {
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(`${process.pid} ${os.hostname()}`);
      await handle.close();
      return holdLock(file);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isDone()) return async () => {};
    if (await isAbandoned(file)) await unlink(file).catch(() => {});
    else await delay(PollMilliseconds);
  }
}

/** Its process is gone (seen on this machine only), or it stopped to show that it lives. */
async function isAbandoned(file) {
  try {
    const [pid, host] = (await readFile(file, 'utf8')).split(' ');
    if (host === os.hostname() && !isRunning(Number(pid))) return true;
    return Date.now() - (await stat(file)).mtimeMs > StaleMilliseconds;
  } catch {
    return false;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function holdLock(file) {
  const heartbeat = setInterval(() => utimes(file, new Date(), new Date()).catch(() => {}), HeartbeatMilliseconds);
  heartbeat.unref();
  const removeNow = () => { try { unlinkSync(file); } catch { /* already gone */ } };
  const stop = () => process.exit(1);
  process.once('exit', removeNow);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return async () => {
    clearInterval(heartbeat);
    process.off('exit', removeNow);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    removeNow();
  };
}

/** Temporary folders of builds that were killed; the lock is held, so nobody is filling one now. */
async function removeLeftovers(target) {
  const name = path.basename(target);
  for (const entry of await readdir(path.dirname(target))) {
    if (entry.startsWith(`${name}.`) && entry.endsWith('.tmp')) {
      await rm(path.join(path.dirname(target), entry), { recursive: true, force: true });
    }
  }
}

async function renameFolder(from, to) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (existsSync(to)) return undefined;
      // Virus scanners on Windows hold fresh files open for a moment.
      if (attempt === 10 || !['EPERM', 'EACCES', 'EBUSY'].includes(error.code)) throw error;
      await delay(attempt * 100);
    }
  }
}
