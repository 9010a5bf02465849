// What the page shows, as text: the part of the address behind the #, which others can open.

export const COUNTS = [1, 4, 16];
const VERSION = "1";
const SEEDS = 1n << 63n; // as many as Python takes

/**
 * @typedef {object} State
 * @property {bigint} seed
 * @property {number} count how many faces are shown.
 * @property {number} truncation above 0, at most 1.
 * @property {Map<string, boolean>} wishes names of labels, on or off; the others are drawn.
 * @property {Map<number, {seed: bigint, index: number}>} locked faces that stay, by place.
 */

/** The state of a page that was just opened. */
export const initial = () => ({
  seed: 0n,
  count: 4,
  truncation: 1,
  wishes: new Map(),
  locked: new Map(),
});

/** A seed from a text, or null. */
export function readSeed(text) {
  if (!/^\d{1,19}$/.test(text.trim())) return null;
  const seed = BigInt(text.trim());
  return seed < SEEDS ? seed : null;
}

/** The state as the part of an address behind the #. `model`: the first letters of its hash. */
export function write(state, model) {
  const words = new URLSearchParams({ v: VERSION, m: model, s: state.seed, n: state.count });
  if (state.truncation !== 1) words.set("t", state.truncation);
  if (state.wishes.size) {
    // A name may hold a comma.
    const told = ([name, on]) => (on ? "+" : "-") + name.replaceAll("%", "%25").replaceAll(",", "%2C");
    words.set("a", [...state.wishes].map(told).join(","));
  }
  if (state.locked.size) {
    const faces = [...state.locked].map(([place, { seed, index }]) => `${place}.${seed}.${index}`);
    words.set("k", faces.join(","));
  }
  return words.toString();
}

/**
 * The state in the part of an address behind the #, and what of it could not be followed.
 *
 * @param {string} text
 * @param {string} model the first letters of this page's model's hash.
 * @param {string[]} names of the labels that there are.
 * @returns {{state: State, notes: string[]}}
 */
export function read(text, model, names) {
  const state = initial();
  const notes = [];
  const words = new URLSearchParams(text);
  if (![...words].length) return { state, notes };
  if (words.get("v") !== VERSION) {
    notes.push("The link is of another version of this page; what it says may differ.");
  }
  if (words.get("m") !== model) {
    notes.push("The link was made with another model: the faces will not be the same.");
  }
  state.seed = readSeed(words.get("s") ?? "0") ?? state.seed;
  if (COUNTS.includes(Number(words.get("n")))) state.count = Number(words.get("n"));
  const truncation = Number(words.get("t") ?? 1);
  if (truncation > 0 && truncation <= 1) state.truncation = truncation;
  for (const word of (words.get("a") ?? "").split(",").filter(Boolean)) {
    const name = word.slice(1).replaceAll("%2C", ",").replaceAll("%25", "%");
    if (names.includes(name)) state.wishes.set(name, word[0] === "+");
    else notes.push(`This model has no “${name}”.`);
  }
  for (const word of (words.get("k") ?? "").split(",").filter(Boolean)) {
    const [place, seed, index] = word.split(".");
    const known = readSeed(seed ?? "") !== null && /^\d{1,6}$/.test(index ?? "");
    if (known && Number(place) < state.count) {
      state.locked.set(Number(place), { seed: readSeed(seed), index: Number(index) });
    }
  }
  return { state, notes };
}
