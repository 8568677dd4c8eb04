// Writes ONNX protobuf by hand: the same input always gives the same bytes, which a checksum can then pin, and the build
// needs nothing but Node. Only the fields used here exist; the numbers are the field numbers of onnx.proto (IR version 8).

export const TensorType = Object.freeze({ float: 1, int8: 3, int32: 6, int64: 7, bool: 9 });

const WireType = Object.freeze({ varint: 0, bytes: 2, fixed32: 5 });
const AttributeType = Object.freeze({ float: 1, int: 2, ints: 7 });
const IrVersion = 8;

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

const tag = (field, wireType) => varint((field << 3) | wireType);
const intField = (field, value) => Buffer.concat([tag(field, WireType.varint), varint(value)]);
const bytesField = (field, bytes) => Buffer.concat([tag(field, WireType.bytes), varint(bytes.length), bytes]);
const textField = (field, text) => bytesField(field, Buffer.from(text, 'utf8'));

function floatField(field, value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, WireType.fixed32), bytes]);
}

function attribute(name, value) {
  const parts = [textField(1, name)];
  if (Array.isArray(value)) {
    parts.push(...value.map((item) => intField(8, item)), intField(20, AttributeType.ints));
  } else if (typeof value === 'object') {
    parts.push(floatField(2, value.float), intField(20, AttributeType.float));
  } else {
    parts.push(intField(3, value), intField(20, AttributeType.int));
  }
  return Buffer.concat(parts);
}

function valueInfo(name, type, dimensions) {
  const shape = dimensions.map((dimension) =>
    bytesField(1, typeof dimension === 'string' ? textField(2, dimension) : intField(1, dimension)));
  const tensor = Buffer.concat([intField(1, type), bytesField(2, Buffer.concat(shape))]);
  return Buffer.concat([textField(1, name), bytesField(2, bytesField(1, tensor))]);
}

/** Little-endian bytes of a typed array, whatever the byte order of this machine. */
function littleEndian(values) {
  if (values.BYTES_PER_ELEMENT === 1) {
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  }
  const bytes = Buffer.alloc(values.byteLength);
  values.forEach((value, index) => {
    if (values instanceof Float32Array) bytes.writeFloatLE(value, index * 4);
    else if (values instanceof Int32Array) bytes.writeInt32LE(value, index * 4);
    else bytes.writeBigInt64LE(value, index * 8);
  });
  return bytes;
}

/** One attribute value that must be written as a float: JavaScript cannot tell 1 from 1.0. */
export const asFloat = (float) => ({ float });

/** A graph under construction; `op` returns the name of its (first) output so that calls can be nested. */
export class OnnxGraph {
  #nodes = [];
  #initializers = [];
  #inputs = [];
  #outputs = [];
  #counter = 0;

  constructor(name) {
    this.name = name;
  }

  input(name, type, dimensions) {
    this.#inputs.push(bytesField(11, valueInfo(name, type, dimensions)));
    return name;
  }

  output(name, type, dimensions) {
    this.#outputs.push(bytesField(12, valueInfo(name, type, dimensions)));
  }

  constant(name, type, dimensions, values) {
    this.#initializers.push(bytesField(5, Buffer.concat([
      ...dimensions.map((dimension) => intField(1, dimension)),
      intField(2, type),
      textField(8, name),
      bytesField(9, littleEndian(values)),
    ])));
    return name;
  }

  /** Adds a node. `options`: attributes, domain, outputs (a number of outputs, or the names of them). */
  op(type, inputs, { attributes = {}, domain = '', outputs = 1 } = {}) {
    const id = `${type}_${this.#counter++}`;
    const names = Array.isArray(outputs)
      ? outputs
      : Array.from({ length: outputs }, (_, index) => (outputs === 1 ? id : `${id}_${index}`));
    this.#nodes.push(bytesField(1, Buffer.concat([
      ...inputs.map((input) => textField(1, input)),
      ...names.map((output) => textField(2, output)),
      textField(3, id),
      textField(4, type),
      ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
      ...(domain === '' ? [] : [textField(7, domain)]),
    ])));
    return names.length === 1 ? names[0] : names;
  }

  /** The whole model. `opsets` maps a domain to its version. */
  serialize(producer, opsets) {
    const graph = Buffer.concat([
      ...this.#nodes, textField(2, this.name), ...this.#initializers, ...this.#inputs, ...this.#outputs]);
    return Buffer.concat([
      intField(1, IrVersion),
      textField(2, producer),
      bytesField(7, graph),
      ...Object.entries(opsets).map(([domain, version]) =>
        bytesField(8, Buffer.concat([...(domain === '' ? [] : [textField(1, domain)]), intField(2, version)]))),
    ]);
  }
}
