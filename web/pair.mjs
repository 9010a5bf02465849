// Two faces, what lies between them, and for a StyleGAN their styles mixed.

import { enlarged, png, save, show } from "./pictures.mjs";
import { loop, on, saveGif } from "./walk.mjs";

const find = (id) => document.getElementById(id);
const WALK = "walk";

/** The part of the page about two faces. `state`: () → the page's state; `note` shows a remark. */
export class Pair {
  constructor(model, faces, state, note) {
    Object.assign(this, { model, faces, state, note });
    this.a = this.b = null;
    this.turn = 0; // counts draws, of which only the newest is shown
    find("pair-labels-field").hidden = !model.labels;
    find("pair-styles-field").hidden = !model.styles;
    for (const name of Object.keys(model.styles?.levels ?? {})) {
      find("pair-styles").append(new Option(`A with the ${name} styles of B`, name));
    }
    for (const id of ["share-of-b", "pair-labels", "pair-styles"]) {
      find(id).addEventListener("input", () => this.draw());
    }
    find("save-mixed").addEventListener("click", () => this.save());
    find("walk-pair").addEventListener("click", ({ target }) => this.walk(target));
    this.able();
  }

  /** Take a shown face as A or B. */
  set(side, shown) {
    this[side] = shown;
    show(find(side), shown.pixels);
    const words = `${side.toUpperCase()}: ${this.faces.describe(shown.face)}`;
    find(side).setAttribute("aria-label", words);
    find("pair").open = true;
    this.able();
    this.draw();
  }

  able() {
    const both = Boolean(this.a && this.b);
    find("save-mixed").disabled = true; // until it is drawn
    for (const id of ["walk-pair", "share-of-b"]) find(id).disabled = !both;
  }

  /** The face between the two, as chosen. */
  face() {
    const level = find("pair-styles").value;
    find("share-of-b").disabled = level !== WALK;
    if (level !== WALK) {
      const layers = this.model.styles.levels[level];
      return { ...this.a.face, other: this.b.face.latent, layers };
    }
    const [a, b] = this.ends();
    return on(a, b, Number(find("share-of-b").value));
  }

  /** Both faces with the labels that the user wants on the way. */
  ends() {
    const { face: a } = this.a;
    const { face: b } = this.b;
    const label = { a: a.label, b: b.label }[find("pair-labels").value];
    return label ? [{ ...a, label }, { ...b, label }] : [a, b];
  }

  async draw() {
    if (!(this.a && this.b)) return;
    const turn = ++this.turn;
    const face = this.face();
    find("save-mixed").disabled = true; // what is shown is of other faces
    try {
      const made = await this.faces.draw([face], this.state().truncation);
      if (turn !== this.turn) return;
      [this.pixels] = made.pixels;
    } catch (error) {
      if (turn === this.turn) this.note(`The face could not be drawn: ${error.message}`);
      return;
    }
    find("save-mixed").disabled = false;
    show(find("mixed"), this.pixels);
    find("mixed").dataset.drawn = turn;
    find("mixed").setAttribute("aria-label", `Between A and B: ${this.faces.describe(face)}`);
  }

  async save() {
    save(await png(enlarged(this.pixels, 1)), `${this.model.name}-between.png`);
  }

  async walk(button) {
    button.disabled = true;
    const { truncation } = this.state();
    try {
      const frames = await loop(this.faces, this.ends(), truncation, () => {});
      await saveGif(frames, `${this.model.name}-a-to-b.gif`, null);
    } catch (error) {
      this.note(`The film could not be made: ${error.message}`);
    } finally {
      button.disabled = false;
    }
  }
}
