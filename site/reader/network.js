// A squeezed network out of its file, and its answers: `coursekit.lesson_15.squeeze` once more.
"use strict";

const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:";
const MOST_WEIGHTS = 2 ** 20, MOST_LAYERS = 16, LARGEST = 2 ** 15;

/** Why something is no network, in a sentence for whoever looks at the page. */
class NoNetwork extends Error {}

/** The bytes in the 43 signs of an address, as `square.from_signs` has them. */
function fromSigns(signs) {
  let number = 0n;
  for (const sign of signs) {
    const digit = SIGNS.indexOf(sign);
    if (digit < 0) throw new NoNetwork("The address holds no network: there is another sign behind its #.");
    number = number * 43n + BigInt(digit);
  }
  const digits = number.toString(16);
  if (digits[0] !== "1" || digits.length % 2 === 0) {
    throw new NoNetwork("The network is cut off: its signs are no whole number of bytes.");
  }
  return Uint8Array.from(digits.slice(1).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** CRC-32, as zlib has it. */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// Probabilities in 65,536ths, log-odds in 256ths. No entry of either table is nearer to a whole
// number than 0.00008, but for the middle one, which is exact: each browser rounds down to the same.
const ONE = 65536, FAR = 3072, STEADY = 255;
const RATE = Array.from({ length: STEADY + 1 }, (_, count) => Math.floor((2 * ONE) / (2 * count + 3)));
const TRUST = RATE.map((_, count) => Math.floor((512 * count) / (2 * count + 3)));
const STRETCH = Array.from({ length: 4096 }, (_, i) => Math.trunc(256 * Math.log((2 * i + 1) / (8191 - 2 * i))));
const SQUASH = Array.from({ length: 2 * FAR + 1 }, (_, i) =>
  Math.min(ONE - 1, Math.max(1, Math.floor(ONE / (1 + Math.exp((FAR - i) / 256))))));

/** Turns bytes into bits, given the chances that the writer had. Its numbers have 48 bits. */
class Decoder {
  constructor(bytes) {
    this.bytes = bytes;
    this.next = 0;
    this.low = 0;
    this.high = 2 ** 48 - 1;
    this.number = 0;
    while (this.next < 6) this.number = this.number * 256 + this.byte();
  }

  byte() {
    return this.bytes[this.next++] ?? 0;
  }

  bit(chance) {
    const range = this.high - this.low;
    // range · chance has 64 bits, more than a number here holds: in two parts.
    const middle = this.low + Math.floor(range / ONE) * chance + Math.floor(((range % ONE) * chance) / ONE);
    const bit = this.number <= middle ? 1 : 0;
    if (bit) this.high = middle;
    else this.low = middle + 1;
    const top = 2 ** 40;
    while (Math.floor(this.low / top) === Math.floor(this.high / top)) {
      this.low = (this.low % top) * 256;
      this.high = (this.high % top) * 256 + 255;
      this.number = (this.number % top) * 256 + this.byte();
    }
    return bit;
  }
}

/** The model of one kind of bit: an estimate for each context, and weights that mix them. */
class Mixer {
  constructor(inputs) {
    this.tables = Array.from({ length: inputs }, () => new Map());
    this.weights = new Map();
    this.start = Math.floor(ONE / inputs);
  }

  bit(decoder, contexts, chosen = 0) {
    let weights = this.weights.get(chosen);
    if (!weights) this.weights.set(chosen, (weights = this.tables.map(() => this.start)));
    let total = 0;
    const slots = [], inputs = [];
    this.tables.forEach((table, place) => {
      const context = String(contexts[place]);
      let slot = table.get(context);
      if (!slot) table.set(context, (slot = [ONE / 2, 0]));
      const number = (STRETCH[slot[0] >> 4] * TRUST[slot[1]]) >> 8;
      slots.push(slot);
      inputs.push(number);
      total += number * weights[place];
    });
    total = Math.floor(total / ONE);
    const chance = SQUASH[Math.max(-FAR, Math.min(FAR, total)) + FAR];
    const bit = decoder.bit(chance);
    const wrong = bit * ONE - chance;
    inputs.forEach((number, place) => {
      weights[place] += Math.floor((number * wrong * 30) / 2 ** 20);
    });
    for (const slot of slots) {
      slot[0] += Math.floor(((bit * (ONE - 1) - slot[0]) * RATE[slot[1]]) / ONE);
      if (slot[1] < STEADY) slot[1] += 1;
    }
    return bit;
  }
}

/** Sign and size of a number that is not zero. */
class Sizes {
  constructor(signs, sizes) {
    this.sign = new Mixer(signs);
    this.more = new Mixer(sizes);
    this.rest = new Mixer(1);
  }

  level(decoder, signs, sizes) {
    const negative = this.sign.bit(decoder, signs);
    let size = 1;
    while (size < 12 && this.more.bit(decoder, sizes.map((key) => [size, key]), size)) size += 1;
    if (size === 12) {
      let bits = 0, found = 1;
      while (bits < 17 && this.rest.bit(decoder, [bits])) bits += 1;
      while (bits--) found = found * 2 + this.rest.bit(decoder, [-1]);
      size += found - 1;
    }
    if (size > LARGEST) throw new NoNetwork("The network is damaged: one of its weights is too large.");
    return negative ? -size : size;
  }
}

/** A share as a small whole number, about half a power of two apart. */
function bucket(part, whole) {
  if (!whole) return -1;
  const share = Math.floor(((part * 2 + 1) * 4096) / (whole * 2 + 2));
  const top = 32 - Math.clz32(share);
  return 2 * top + (top > 1 ? (share >> (top - 2)) & 1 : 0);
}

/** The levels of one layer's weights, row by row. */
class Matrix {
  constructor() {
    this.zero = new Mixer(6);
    this.sizes = new Sizes(4, 3);
  }

  read(decoder, rows, columns, side) {
    const filled = new Int32Array((rows[0]?.length ?? 0) + 2 * side + 2);
    let before = 0;
    rows.forEach((row, number) => {
      let seen = 0;
      columns.forEach((column, step) => {
        row[column] = this.one(decoder, number, row, step, column, side, filled, seen, before);
        seen += row[column] !== 0;
      });
      for (const column of columns) filled[column] += row[column] !== 0;
      before = seen;
    });
  }

  one(decoder, number, row, step, column, side, filled, seen, before) {
    const full = bucket(filled[column], number), density = bucket(seen, step);
    const zero = [0, full, [density, before]];
    let near = [];
    if (side) {
      near = [1, side, side - 1].map((back) => (column >= back ? row[column - back] : 0));
      near.push(column > side ? row[column - side - 1] : 0);
      let around = 0;
      for (const way of [-1, 1, -side, side]) around += filled[column + way] ?? 0;
      const beside = near.filter((level) => level).length;
      zero.push([beside, Math.floor(full / 2)], [bucket(around, 4 * number), beside]);
      zero.push(near.map((level) => Math.min(Math.abs(level), 2)));
    } else {
      zero.push(column, [Math.floor(full / 2), Math.floor(density / 2)], [seen, Math.floor(step / 4)]);
    }
    if (!this.zero.bit(decoder, zero)) return 0;
    if (!side) return this.sizes.level(decoder, [0, column, number, 0], [0, column, density]);
    const total = near.reduce((sum, level) => sum + level, 0);
    const signs = [0, Math.sign(total), near.map(Math.sign), column];
    const greatest = Math.max(...near.map(Math.abs));
    return this.sizes.level(decoder, signs, [0, greatest, [Math.abs(near[0]), Math.abs(near[1])]]);
  }
}

/** All that is learned while a file is read. */
class Model {
  constructor() {
    this.height = new Mixer(1);
    this.flags = new Mixer(3);
    this.biases = new Sizes(1, 1);
    this.bias = new Mixer(1);
    this.matrices = {};
  }

  read(decoder, rows, biases, place, side) {
    side = place === 0 && side > 1 ? side : 0;
    let used = 0;
    for (let bit = Math.floor(Math.log2(rows.length)); bit >= 0; bit--) {
      used += this.height.bit(decoder, [[place, bit]]) * 2 ** bit;
    }
    if (used > rows.length) throw new NoNetwork("The network is damaged: it names a unit that there is not.");
    rows = rows.slice(0, used);
    const flags = new Uint8Array(rows[0]?.length ?? 0);
    for (let at = 0; at < flags.length; at++) {
      const left = at ? flags[at - 1] : 0;
      const above = side && at >= side ? flags[at - side] : 0;
      const right = side && at >= side ? flags[at - side + 1] : 0;
      const before = side && at > side ? flags[at - side - 1] : 0;
      flags[at] = this.flags.bit(decoder, [0, [left, above], [left, above, right, before]]);
    }
    const columns = [...flags.keys()].filter((column) => flags[column]);
    (this.matrices[place > 0] ??= new Matrix()).read(decoder, rows, columns, side);
    for (let unit = 0; unit < used; unit++) {
      if (this.bias.bit(decoder, [place])) biases[unit] = this.biases.level(decoder, [place], [place]);
    }
  }
}

/** A float16. */
function half(bits) {
  const exponent = (bits >> 10) & 31, rest = bits & 1023;
  if (exponent === 31) return NaN;
  return (bits >> 15 ? -1 : 1) * (exponent ? 2 ** (exponent - 25) * (1024 + rest) : 2 ** -24 * rest);
}

/** The layers in a file: `{weights: [Float32Array], biases: Float32Array}` each. */
function readNetwork(data) {
  if (data[0] !== 102 || data[1] !== 98 || data[2] !== 1) {
    throw new NoNetwork("This is no squeezed network: it begins differently.");
  }
  const body = data.slice(7);
  if (data.length < 8 || crc32(body) !== new DataView(data.buffer, data.byteOffset).getUint32(3, true)) {
    throw new NoNetwork("The network is damaged or cut off: its checksum does not fit its content.");
  }
  let place = 1;
  const byte = () => {
    if (place >= body.length) throw new NoNetwork("The network is damaged: it ends in the middle of its header.");
    return body[place++];
  };
  const number = () => {
    for (let value = 0, digit = 1; ; digit *= 128) {
      const next = byte();
      value += (next & 127) * digit;
      if (next < 128) return value;
      if (digit > 2 ** 42) throw new NoNetwork("The network is damaged: a number in its header has no end.");
    }
  };
  if (body[0] < 1 || body[0] > MOST_LAYERS) throw new NoNetwork(`The network is damaged: it claims ${body[0]} layers.`);
  const shapes = Array.from({ length: body[0] }, () => [number(), number()]);
  const total = shapes.reduce((sum, [outputs, inputs]) => sum + outputs * inputs, 0);
  if (!(total <= MOST_WEIGHTS) || shapes.flat().some((size) => size < 1)) {
    throw new NoNetwork(`The network is damaged: it claims ${total.toLocaleString("en")} weights.`);
  }
  const side = number();
  if (side > shapes[0][1]) throw new NoNetwork("The network is damaged: its images are wider than its inputs.");
  const steps = shapes.map(() => [0, 0].map(() => half(byte() | (byte() << 8))));
  if (steps.flat().some((step) => !(step > 0))) {
    throw new NoNetwork("The network is damaged: a step is no positive number.");
  }
  const decoder = new Decoder(body.slice(place)), model = new Model();
  return shapes.map(([outputs, inputs], layer) => {
    const rows = Array.from({ length: outputs }, () => new Float32Array(inputs));
    const biases = new Float32Array(outputs);
    model.read(decoder, rows, biases, layer, side);
    for (const row of rows) row.forEach((level, at) => (row[at] = level * steps[layer][0]));
    biases.forEach((level, at) => (biases[at] = level * steps[layer][1]));
    return { weights: rows, biases };
  });
}

/** Each layer's outputs for one image, 784 numbers in 0–1; the last ones are the logits. */
function outputsOf(layers, image) {
  let values = image;
  return layers.map(({ weights, biases }, place) => {
    const heard = place ? values.map((value) => Math.max(0, value)) : values;
    values = weights.map((row, unit) => {
      let sum = biases[unit];
      for (let at = 0; at < row.length; at++) if (row[at]) sum += row[at] * heard[at];
      return sum;
    });
    return values;
  });
}

/** What each pixel adds to one logit: the gradient times the pixel, exact where no ReLU switches. */
function shares(layers, image, outputs, answer) {
  let gradient = layers.at(-1).weights[answer];
  for (let place = layers.length - 2; place >= 0; place--) {
    const { weights } = layers[place], sums = new Float64Array(weights[0].length);
    weights.forEach((row, unit) => {
      if (outputs[place][unit] <= 0 || !gradient[unit]) return;
      for (let at = 0; at < row.length; at++) sums[at] += gradient[unit] * row[at];
    });
    gradient = sums;
  }
  return Float64Array.from(gradient, (slope, at) => slope * image[at]);
}

/** Chances of the ten digits. */
function softmax(logits) {
  const most = Math.max(...logits), powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((one, other) => one + other, 0);
  return powers.map((power) => power / sum);
}
