// As much of a browser as the pages' logic needs, for Node: elements by id, made when asked for.

class Canvas2d {
  constructor(canvas) {
    this.canvas = canvas;
  }
  putImageData(pixels) {
    this.canvas.pixels = pixels;
  }
  fillRect() {}
  drawImage(...given) {
    Canvas2d.drawn.push(given.slice(1));
  }
  getImageData(left, top, width, height) {
    return new ImageData(width, height);
  }
}
Canvas2d.drawn = []; // where each picture was taken from and put

class Element extends EventTarget {
  constructor(tag) {
    super();
    Object.assign(this, { tag, children: [], attributes: {}, dataset: {}, value: "" });
    this.style = { setProperty() {} };
    this.classList = { toggle() {} };
    this.content = this;
  }
  cloneNode = () => this;
  focus() {}
  click() {
    saved.push(this.download);
  }
  append = (...added) => this.children.push(...added.filter((each) => each instanceof Element));
  replaceChildren = (...given) => void (this.children = given);
  setAttribute = (name, value) => void (this.attributes[name] = String(value));
  removeAttribute = (name) => delete this.attributes[name];
  getContext = () => new Canvas2d(this);
  toDataURL = () => "data:image/png,";
  toBlob = (resolve) => resolve(new Blob([]));
  querySelectorAll(words) {
    const [tag, state] = words.replace(/^\./, "").split(":");
    const fits = (each) => each.tag === tag || each.className === tag;
    return this.children
      .flatMap((each) => [...(fits(each) ? [each] : []), ...each.querySelectorAll(tag)])
      .filter((each) => !state || each[state]);
  }
  querySelector = (words) => this.querySelectorAll(words)[0];
  /** Do as a user does who sets a value. */
  give(value, kind = "change") {
    this.value = value;
    this.dispatchEvent(new Event(kind));
  }
}

class Pixels {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
  }
}

const elements = {};
export const saved = []; // names of files
export const drawn = Canvas2d.drawn;
export const find = (id) => (elements[id] ??= new Element(id));
/** Let everything happen that waits for nothing. */
export const settled = () => new Promise((resume) => setTimeout(resume, 20));

/** An engine whose runs wait until the test answers: run[n].answer(level), run[n].fail(words). */
export function engine(side) {
  const runs = [];
  const run = (feeds) =>
    new Promise((resolve, reject) => {
      const count = feeds.latents?.dims[0] ?? 1;
      const answer = (level = 0) => {
        const images = new Float32Array(3 * side * side * count).fill(level);
        resolve({ images, dims: [count, side, side, 3], milliseconds: 1 });
        return settled();
      };
      const fail = (words) => {
        reject(new Error(words));
        return settled();
      };
      runs.push({ feeds, answer, fail });
    });
  return { run, runs };
}

Object.assign(globalThis, {
  document: { getElementById: find, createElement: (tag) => new Element(tag) },
  Option: class extends Element {},
  ImageData: Pixels,
  OffscreenCanvas: class {
    getContext = () => new Canvas2d(this);
  },
  createImageBitmap: async (file) => file,
  location: { hash: "" },
  history: { replaceState: (state, title, to) => void (location.hash = to) },
  localStorage: { getItem: () => null },
  addEventListener() {},
});
globalThis.URL.createObjectURL = () => "blob:x";
