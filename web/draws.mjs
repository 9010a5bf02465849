// What a generator's pictures are made from: the latents and labels that generate.py draws.

import { Philox } from "./random.mjs";

export const BLOCK = 64; // pictures that share a random stream
const LATENTS = 0n;
const LABELS = 1n;

const stream = (seed, which, block) => new Philox(seed, [0n, 0n, which, BigInt(block)]);

/** Normal numbers, drawn again where they lie beyond ± cut; like layers.initializers. */
function truncatedNormal(random, count, deviation, cut) {
  const values = Float64Array.from({ length: count }, () => random.normal() * deviation);
  for (;;) {
    const outside = [];
    values.forEach((value, index) => Math.abs(value) > cut && outside.push(index));
    if (!outside.length) return values;
    for (const index of outside) values[index] = random.normal() * deviation;
  }
}

const DISTRIBUTIONS = {
  truncated_normal: (random, count, truncation) =>
    truncatedNormal(random, count, 0.5, 1).map((value) => value * truncation),
  normal: (random, count, truncation) =>
    truncation === 1
      ? Float64Array.from({ length: count }, () => random.normal())
      : truncatedNormal(random, count, 1, 2 * truncation),
  uniform: (random, count, truncation) =>
    Float64Array.from({ length: count }, () => -truncation + 2 * truncation * random.double()),
  binomial: (random, count, truncation) =>
    Float64Array.from({ length: count }, () => random.bit() * truncation),
};

/** Draws latents, and remembers the blocks drawn last. */
export class Latents {
  /** @param {{distribution: string, dim: number}} latent of model.json */
  constructor(latent) {
    this.draw = DISTRIBUTIONS[latent.distribution];
    if (!this.draw) throw new Error(`This page cannot draw ${latent.distribution} latents.`);
    this.dim = latent.dim;
    this.blocks = new Map();
  }

  /** The latent of picture `index` of `seed` (bigint): Float32Array (dim). */
  of(seed, index, truncation = 1) {
    const block = Math.floor(index / BLOCK);
    const name = `${seed}/${block}/${truncation}`;
    if (!this.blocks.has(name)) {
      if (this.blocks.size > 32) this.blocks.clear();
      const values = this.draw(stream(seed, LATENTS, block), BLOCK * this.dim, truncation);
      this.blocks.set(name, Float32Array.from(values));
    }
    const start = (index % BLOCK) * this.dim;
    return this.blocks.get(name).slice(start, start + this.dim);
  }
}

/** Draws labels as often as in the training data, with wishes: serving/labels.py. */
export class Labels {
  /**
   * @param {{kind: string, names: string[], groups: object, shares: number[],
   *   examples: string[]}} labels
   */
  constructor(labels) {
    Object.assign(this, labels);
    this.index = new Map(this.names.map((name, index) => [name, index]));
    this.members = Object.values(this.groups).map((names) =>
      names.map((name) => this.index.get(name)),
    );
    this.known = this.examples.map((example) => {
      const on = new Set(example.split(" "));
      return Float32Array.from(this.names, (_, index) => Number(on.has(String(index))));
    });
  }

  /** The label of picture `index` of `seed`: Float32Array (names); one-hot for classes. */
  of(seed, index, wishes = new Map()) {
    const random = stream(seed, LABELS, Math.floor(index / BLOCK));
    const count = this.names.length + (this.known.length ? 1 : 0);
    for (let skipped = (index % BLOCK) * count; skipped > 0; skipped--) random.word();
    const uniform = Float64Array.from({ length: count }, () => random.double());
    return this.kind === "classes" ? this.class(uniform, wishes) : this.set(uniform, wishes);
  }

  class(uniform, wishes) {
    const wished = [...wishes].find(([, on]) => on);
    const chosen = wished ? wished[0] : pick(uniform[0], this.shares);
    return Float32Array.from(this.names, (_, index) => Number(index === chosen));
  }

  set(uniform, wishes) {
    const isWished = (members) => members.some((index) => wishes.has(index));
    const values = this.known.length
      ? this.example(uniform.at(-1), wishes)
      : this.names.map((_, index) => Number(uniform[index] < this.shares[index]));
    for (const members of this.members)
      if (!this.known.length || isWished(members)) this.group(values, uniform, members, wishes);
    for (const [index, on] of wishes) values[index] = Number(on);
    return Float32Array.from(values);
  }

  /** An example; outside of groups, as near to it as the wishes permit. */
  example(uniform, wishes) {
    const own = Math.floor(uniform * this.known.length);
    const values = this.known[own].slice();
    const grouped = new Set(this.members.flat());
    const loose = [...wishes].filter(([index]) => !grouped.has(index));
    if (!loose.length) return values;
    const free = this.names.map((_, index) => index).filter((index) => !grouped.has(index));
    const rank = (row, place) => [
      loose.filter(([index, on]) => row[index] !== Number(on)).length,
      free.filter((index) => row[index] !== values[index]).length,
      (place - own + this.known.length) % this.known.length,
    ];
    const ranks = this.known.map(rank);
    const order = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
    const nearest = this.known[ranks.indexOf([...ranks].sort(order)[0])];
    for (const index of free) values[index] = nearest[index];
    return values;
  }

  /** Switch on one member of a group, or none. */
  group(values, uniform, members, wishes) {
    for (const index of members) values[index] = 0;
    if (members.some((index) => wishes.get(index))) return;
    const own = members.map((index) => this.shares[index]);
    const none = Math.max(0, 1 - own.reduce((sum, share) => sum + share, 0));
    const allowed = own.map((share, i) => (wishes.get(members[i]) === false ? 0 : share));
    const chosen = pick(uniform[members[0]], [...allowed, none]);
    if (chosen < members.length) values[members[chosen]] = 1;
  }

  /** A label in words: the attributes that are on. */
  describe(label) {
    return this.names.filter((_, index) => label[index] > 0.5).join(", ");
  }
}

/** An index with probabilities in proportion to `shares`, for a number from 0 to 1. */
function pick(uniform, shares) {
  const total = Math.max(shares.reduce((sum, share) => sum + share, 0), 1e-12);
  let edge = 0;
  for (let index = 0; index < shares.length; index++) {
    edge += shares[index];
    if (uniform < edge / total) return index;
  }
  return shares.length - 1;
}

/** From a to b, by t from 0 to 1, along the great circle; along the line if they are parallel. */
export function between(a, b, t) {
  const dot = (x, y) => x.reduce((sum, value, index) => sum + value * y[index], 0);
  const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  const cosine = dot(a, b) / Math.max(lengths, 1e-12);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  const [from, to] =
    sine < 1e-4 ? [1 - t, t] : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  return a.map((value, index) => from * value + to * b[index]);
}

/** From a to b along the line. */
export const straight = (a, b, t) => a.map((value, index) => (1 - t) * value + t * b[index]);
