// Turns the published TF.js graph of the Universal Sentence Encoder lite into an equivalent dense ONNX graph: the original
// scatters tokens of a ragged batch into a padded one and gathers them again; here the batch is padded from the start and
// a mask does the same. Input: input_ids int64 [batch, tokens], 0 = padding or unknown piece. Output: embedding
// float [batch, 512], L2-normalised.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { OnnxGraph, TensorType, asFloat } from './onnx-writer.mjs';

const Prefix = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const Contrib = 'com.microsoft';
const Heads = 4;
const MaxTokens = 128;
const Layers = 2;
// AVX2's u8 x s8 multiply adds two products in 16 bits: weights of at most 6 bits and a sign cannot saturate it.
const MaxQuantized = 63;

/** Reads the weights of the unpacked package by name. The shards are one fp32/int32 stream, in manifest order. */
export async function readWeights(folder) {
  const model = JSON.parse(await readFile(path.join(folder, 'model.json'), 'utf8'));
  const weights = new Map();
  for (const group of model.weightsManifest) {
    const stream = Buffer.concat(await Promise.all(group.paths.map((shard) => readFile(path.join(folder, shard)))));
    let offset = 0;
    for (const { name, dtype, shape } of group.weights) {
      const length = shape.reduce((product, size) => product * size, 1);
      if (dtype === 'float32') {
        const values = new Float32Array(length);
        for (let index = 0; index < length; index++) values[index] = stream.readFloatLE(offset + index * 4);
        weights.set(name, { shape, values });
      }
      offset += length * 4;
    }
    if (offset !== stream.length) throw new Error(`The weight shards hold ${stream.length} bytes, the manifest names ${offset}.`);
  }
  return weights;
}

/** Symmetric quantisation of a row-major [rows, columns] matrix with one scale per column (or per row). */
function quantize(values, rows, columns, perRow) {
  const scales = new Float32Array(perRow ? rows : columns);
  const scaleOf = (row, column) => (perRow ? row : column);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const slot = scaleOf(row, column);
      scales[slot] = Math.max(scales[slot], Math.abs(values[row * columns + column]));
    }
  }
  const limit = perRow ? 127 : MaxQuantized;
  for (let slot = 0; slot < scales.length; slot++) scales[slot] = scales[slot] / limit || 1;
  const quantized = new Int8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      quantized[row * columns + column] = Math.round(values[row * columns + column] / scales[scaleOf(row, column)]);
    }
  }
  return { quantized, scales };
}

class UseLiteBuilder {
  constructor(weights, int8) {
    this.weights = weights;
    this.int8 = int8;
    this.graph = new OnnxGraph(int8 ? 'use-lite-int8' : 'use-lite-fp32');
  }

  weight(name) {
    const weight = this.weights.get(name);
    if (weight === undefined) throw new Error(`The model has no weight named '${name}'.`);
    return weight;
  }

  floats(name, dimensions, values) {
    return this.graph.constant(name, TensorType.float, dimensions, Float32Array.from(values));
  }

  vector(name, source) {
    const { values } = this.weight(source);
    return this.floats(name, [values.length], values);
  }

  /** x * W + b; a 1x1 convolution kernel [1,1,in,out] of the original is exactly this. */
  linear(x, name, kernel, bias) {
    const { shape, values } = this.weight(kernel);
    const [rows, columns] = shape.slice(-2);
    const b = this.vector(`${name}.b`, bias);
    if (!this.int8) {
      return this.graph.op('Add', [this.graph.op('MatMul', [x, this.floats(`${name}.w`, [rows, columns], values)]), b]);
    }
    const { quantized, scales } = quantize(values, rows, columns, false);
    const w = this.graph.constant(`${name}.w`, TensorType.int8, [rows, columns], quantized);
    const scale = this.graph.constant(`${name}.scale`, TensorType.float, [columns], scales);
    return this.graph.op('DynamicQuantizeMatMul', [x, w, scale, '', b], { domain: Contrib });
  }

  norm(x, name, source) {
    const scale = this.vector(`${name}.scale`, `${source}/layer_norm/layer_norm_scale/ConcatPartitions/concat`);
    const bias = this.vector(`${name}.bias`, `${source}/layer_norm/layer_norm_bias/ConcatPartitions/concat`);
    return this.graph.op('LayerNormalization', [x, scale, bias], { attributes: { axis: -1, epsilon: asFloat(1e-6) } });
  }

  embed(ids) {
    const { shape: [rows, columns], values } = this.weight('module/Embeddings_en');
    // The original adds the token vectors to themselves plus the timing signal, so they count twice (times 2 is exact).
    const doubled = Float32Array.from(values, (value) => value * 2);
    if (!this.int8) {
      return this.graph.op('Gather', [this.floats('tokens', [rows, columns], doubled), ids]);
    }
    const { quantized, scales } = quantize(doubled, rows, columns, true);
    const table = this.graph.constant('tokens', TensorType.int8, [rows, columns], quantized);
    const scale = this.floats('tokens.scale', [rows, 1], scales);
    const token = this.graph.op('Cast', [this.graph.op('Gather', [table, ids])], { attributes: { to: TensorType.float } });
    return this.graph.op('Mul', [token, this.graph.op('Gather', [scale, ids])]);
  }

  /** Sine and cosine stay in the graph (the runtime folds them at load) so that no libm decides the bytes of the file. */
  timing(length) {
    const inverse = this.weight(`${Prefix}/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`).values;
    const positions = this.floats('positions', [MaxTokens, 1], Array.from({ length: MaxTokens }, (_, index) => index));
    const angles = this.graph.op('Mul', [positions, this.floats('frequencies', [1, inverse.length], inverse)]);
    const table = this.graph.op('Concat', [this.graph.op('Sin', [angles]), this.graph.op('Cos', [angles])], { attributes: { axis: 1 } });
    return this.graph.op('Slice', [table, this.ints('zero', [0]), length, this.ints('axis0', [0])]);
  }

  ints(name, values) {
    return this.graph.constant(name, TensorType.int64, [values.length], BigInt64Array.from(values, BigInt));
  }

  attention(x, masks, layer, source) {
    const n = this.norm(x, `l${layer}.norm`, `${source}/layer_prepostprocess`);
    const kernels = `module/Encoder_en/KonaTransformer/Encode/Layer_${layer}/TransformerLayer/MultiheadAttention`;
    const biases = `${source}/MultiheadAttention`;
    const qkv = this.linear(n, `l${layer}.qkv`, `${kernels}/qkv_transform_single/kernel/part_0`,
      `${biases}/qkv_transform_single/bias/ConcatPartitions/concat`);
    const parts = this.graph.op('Split', [qkv], { attributes: { axis: -1, num_outputs: 3 }, outputs: 3 });
    const context = this.graph.op('MultiHeadAttention', [...parts, '', '', masks.bias], {
      domain: Contrib, attributes: { num_heads: Heads } });
    const out = this.linear(context, `l${layer}.out`, `${kernels}/output_transform_single/kernel/part_0`,
      `${biases}/output_transform_single/bias/ConcatPartitions/concat`);
    return this.graph.op('Add', [out, this.residual(x, layer, source)]);
  }

  /** The first layer widens 256 to 512, so its residual goes through a dense layer of its own. */
  residual(x, layer, source) {
    return layer > 0 ? x : this.linear(x, 'l0.dense',
      `${source}/dense/kernel/ConcatPartitions/concat`, `${source}/dense/bias/ConcatPartitions/concat`);
  }

  feedForward(y, layer, source) {
    const kernels = `${Prefix}/TransformerStack/Layer_${layer}/TransformerLayer/FFN`;
    const n = this.norm(y, `l${layer}.ffn.norm`, `${source}/FFN/layer_prepostprocess`);
    const inner = this.graph.op('Relu', [this.linear(n, `l${layer}.ffn.1`, `${kernels}/conv1/Tensordot/Reshape_1`,
      `${source}/FFN/conv1/bias/ConcatPartitions/concat`)]);
    const outer = this.linear(inner, `l${layer}.ffn.2`, `${kernels}/conv2/Tensordot/Reshape_1`,
      `${source}/FFN/conv2/bias/ConcatPartitions/concat`);
    return this.graph.op('Add', [outer, y]);
  }

  /**
   * Id 0 (padding, or a piece the vocabulary lacks) is not attended to and not counted in the mean. The original means
   * the same, but as TF.js runs it an unknown piece inside a text shifts the vectors of all tokens after it by one.
   */
  masks(ids) {
    const g = this.graph;
    const mask = g.op('Cast', [g.op('Greater', [ids, this.ints('zero.id', [0])])], { attributes: { to: TensorType.float } });
    const bias = g.op('Mul', [g.op('Sub', [mask, this.floats('one', [1], [1])]), this.floats('far', [1], [1e9])]);
    const row = g.op('Unsqueeze', [bias, this.ints('axes12', [1, 2])]);
    const count = g.op('ReduceSum', [mask, this.ints('axis1', [1])], { attributes: { keepdims: 1 } });
    return {
      bias: this.attentionBias(row, ids),
      pooled: g.op('Unsqueeze', [mask, this.ints('axis1.pool', [1])]),
      count: g.op('Max', [count, this.floats('one.count', [1], [1])]),
    };
  }

  /** [batch, 1, 1, tokens] repeated to [batch, 1, tokens, tokens], the only shape the fused attention takes. */
  attentionBias(row, ids) {
    const g = this.graph;
    const tokens = g.op('Shape', [ids], { attributes: { start: 1 } });
    const shape = g.op('Concat', [this.ints('ones3', [1, 1]), tokens, this.ints('ones1', [1])], { attributes: { axis: 0 } });
    return g.op('Expand', [row, shape]);
  }

  build() {
    const g = this.graph;
    const ids = g.input('input_ids', TensorType.int64, ['batch', 'tokens']);
    const length = g.op('Shape', [ids], { attributes: { start: 1 } });
    const masks = this.masks(ids);
    let x = g.op('Add', [this.embed(ids), this.timing(length)]);
    for (let layer = 0; layer < Layers; layer++) {
      const source = `${Prefix}/Layer_${layer}/TransformerLayer`;
      x = this.feedForward(this.attention(x, masks, layer, source), layer, source);
    }
    const sum = g.op('Squeeze', [g.op('MatMul', [masks.pooled, x]), this.ints('axis1.mean', [1])]);
    const mean = g.op('Div', [sum, masks.count]);
    const hidden = 'module/Encoder_en/hidden_layers/tanh_layer_0';
    const tanh = g.op('Tanh', [this.linear(mean, 'tanh', `${hidden}/weights`, `${hidden}/bias`)]);
    const squares = g.op('ReduceSum', [g.op('Mul', [tanh, tanh]), this.ints('axis1.norm', [1])], { attributes: { keepdims: 1 } });
    const length2 = g.op('Sqrt', [g.op('Max', [squares, this.floats('tiny', [1], [1e-12])])]);
    g.op('Div', [tanh, length2], { outputs: ['embedding'] });
    g.output('embedding', TensorType.float, ['batch', 512]);
    return g.serialize('engram-aspire', { '': 18, [Contrib]: 1 });
  }
}

/** The ONNX file as bytes. */
export const convert = (weights, int8) => new UseLiteBuilder(weights, int8).build();

/**
 * The vocabulary as text: line number = token id, each line `score<TAB>piece`. Scores that the package leaves out are 0.
 * Written without JSON so that the reader needs no parser and the bytes are stable.
 */
export async function convertVocabulary(folder) {
  const pieces = JSON.parse(await readFile(path.join(folder, 'vocab.json'), 'utf8'));
  return Buffer.from(pieces.map(([piece, score]) => {
    if (/[\t\n\r]/.test(piece)) throw new Error('A vocabulary piece holds a control character that this format cannot carry.');
    return `${score ?? 0}\t${piece}\n`;
  }).join(''), 'utf8');
}
