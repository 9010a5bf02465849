// NumPy's random numbers: Philox4x64-10 (Salmon et al. 2011) and the ziggurat of its `Generator`.
//
// A stream is named by a key and the two upper words of its counter, as in
// numpy.random.Philox(key=seed, counter=[0, 0, stream, block]).

const WORD = (1n << 64n) - 1n;
const MULTIPLIERS = [0xd2e7470ee14c6c93n, 0xca5a826395121157n];
const WEYL = [0x9e3779b97f4a7c15n, 0xbb67ae8584caa73bn];
const ROUNDS = 10;

/** Random numbers of one stream, in NumPy's order. */
export class Philox {
  /**
   * @param {bigint} key from 0 to 2**128 - 1: NumPy's `key`.
   * @param {bigint[]} counter four words of 64 bits.
   */
  constructor(key, counter) {
    this.key = [key & WORD, (key >> 64n) & WORD];
    this.counter = counter.map((word) => word & WORD);
    this.words = [];
    this.half = null; // the upper half of a word of which the lower one was used
  }

  /** The next 64 bits. */
  word() {
    if (!this.words.length) {
      this.increment();
      this.words = this.block();
    }
    return this.words.shift();
  }

  increment() {
    for (let i = 0; i < 4; i++) {
      this.counter[i] = (this.counter[i] + 1n) & WORD;
      if (this.counter[i]) return;
    }
  }

  block() {
    let [a, b, c, d] = this.counter;
    let [k, l] = this.key;
    for (let round = 0; round < ROUNDS; round++) {
      const first = MULTIPLIERS[0] * a;
      const second = MULTIPLIERS[1] * c;
      a = (second >> 64n) ^ b ^ k;
      c = (first >> 64n) ^ d ^ l;
      b = second & WORD;
      d = first & WORD;
      k = (k + WEYL[0]) & WORD;
      l = (l + WEYL[1]) & WORD;
    }
    return [a, b, c, d];
  }

  /** A double from 0 up to, but not including, 1: `Generator.random`. */
  double() {
    return Number(this.word() >> 11n) * 2 ** -53;
  }

  /** 0 or 1, as `Generator.integers(0, 2)` draws them: the highest bit of 32. */
  bit() {
    if (this.half === null) {
      const word = this.word();
      this.half = word >> 32n;
      return Number((word >> 31n) & 1n);
    }
    const bit = Number(this.half >> 31n);
    this.half = null;
    return bit;
  }

  /** A standard normal number: `Generator.standard_normal`. */
  normal() {
    for (;;) {
      let word = this.word();
      const layer = Number(word & 0xffn);
      word >>= 8n;
      const negative = word & 1n;
      const size = Number((word >> 1n) & 0xfffffffffffffn); // 52 bits
      const x = negative ? -size * ZIGGURAT.width[layer] : size * ZIGGURAT.width[layer];
      if (size < ZIGGURAT.inside[layer]) return x;
      if (layer === 0) return this.tail((size / 256) & 1);
      const [below, above] = [ZIGGURAT.height[layer], ZIGGURAT.height[layer - 1]];
      if ((above - below) * this.double() + below < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** A normal number beyond the lowest layer (Marsaglia 1964). */
  tail(negative) {
    for (;;) {
      const x = -Math.log1p(-this.double()) / EDGE;
      const y = -Math.log1p(-this.double());
      if (y + y > x * x) return negative ? -(EDGE + x) : EDGE + x;
    }
  }
}

// 256 layers of equal area under exp(-x²/2); where the lowest ends, and the area of each.
const LAYERS = 256;
const EDGE = 3.6541528853610088;
const AREA = 0.004928673233974658;

const ZIGGURAT = ziggurat();

/** The layers' widths per unit of 52 bits, heights, and which numbers are surely inside. */
function ziggurat() {
  const unit = 2 ** 52;
  const density = (x) => Math.exp(-0.5 * x * x);
  const width = new Float64Array(LAYERS);
  const height = new Float64Array(LAYERS);
  const inside = new Float64Array(LAYERS);
  const base = AREA / density(EDGE);
  let outer = EDGE;
  width[0] = base / unit;
  inside[0] = (EDGE / base) * unit;
  height[0] = 1;
  width[LAYERS - 1] = EDGE / unit;
  height[LAYERS - 1] = density(EDGE);
  for (let layer = LAYERS - 2; layer > 0; layer--) {
    const inner = Math.sqrt(-2 * Math.log(AREA / outer + density(outer)));
    inside[layer + 1] = (inner / outer) * unit;
    width[layer] = inner / unit;
    height[layer] = density(inner);
    outer = inner;
  }
  inside[1] = 0;
  return { width, height, inside };
}
