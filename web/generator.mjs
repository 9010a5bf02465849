// The page of a generator: choosing what to draw, and the faces.

import { Choices } from "./choices.mjs";
import { Faces } from "./faces.mjs";
import { Pair } from "./pair.mjs";
import { enlarged, png, save, show } from "./pictures.mjs";
import { Remembered } from "./remembered.mjs";
import * as states from "./state.mjs";
import { loop, saveGif } from "./walk.mjs";

const LARGE = 4; // times as large as drawn

const find = (id) => document.getElementById(id);

/** Fill the page for `model` and draw the first faces. */
export async function open(model, engine, note) {
  find("main").replaceChildren(find("generator-page").content.cloneNode(true));
  const page = new GeneratorPage(model, new Faces(model, engine), note);
  await page.begin();
}

class GeneratorPage {
  constructor(model, faces, note) {
    Object.assign(this, { model, faces, note });
    this.id = model.model.sha256.slice(0, 8);
    this.names = model.labels?.names ?? [];
    this.shown = []; // {face, pixels, seed, index} by place
    this.chosen = 0;
    this.turn = 0; // counts draws, of which only the newest is shown
    this.choices = new Choices(model, () => this.changed());
    this.pair = new Pair(model, faces, () => this.state, note);
    this.remembered = new Remembered(this.id, (text) => this.follow(text));
  }

  async begin() {
    this.listen();
    await this.follow(location.hash.slice(1));
  }

  listen() {
    find("controls").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.typedSeed() === null) return;
      if (!find("keep-seed").checked) this.state.seed = randomSeed();
      this.draw();
    });
    find("seed").addEventListener("change", () => {
      const seed = this.typedSeed();
      if (seed === null) return;
      find("keep-seed").checked = true;
      this.state.seed = seed;
      this.draw();
    });
    addEventListener("hashchange", () => {
      if (location.hash.slice(1) !== this.text()) this.follow(location.hash.slice(1));
    });
    find("share").addEventListener("click", () => this.share());
    find("walk").addEventListener("click", ({ target }) => this.walk(target));
    find("faces").addEventListener("keydown", (event) => this.move(event));
    const tools = {
      lock: () => this.lock(),
      favourite: () => this.favour(),
      save: () => this.save(1),
      "save-large": () => this.save(LARGE),
      "as-a": () => this.pair.set("a", this.shown[this.chosen]),
      "as-b": () => this.pair.set("b", this.shown[this.chosen]),
    };
    for (const [id, act] of Object.entries(tools)) find(id).addEventListener("click", act);
  }

  /** The seed in its field; null if there is none, which is said. */
  typedSeed() {
    const { value } = find("seed");
    const seed = states.readSeed(value);
    if (seed === null) {
      find("seed").setAttribute("aria-invalid", true);
      this.say(`“${value}” is no seed; give a whole number below 2 to the power of 63.`);
    }
    return seed;
  }

  /** Show what a link says. */
  async follow(text) {
    const { state, notes } = states.read(text, this.id, this.names);
    this.state = state;
    this.note(notes.join(" "));
    this.choices.set(state);
    await this.draw();
  }

  text() {
    return states.write(this.state, this.id);
  }

  /** Something was chosen: draw it, with the same seed. */
  changed() {
    this.choices.get(this.state);
    for (const place of this.state.locked.keys()) {
      if (place >= this.state.count) this.state.locked.delete(place);
    }
    this.draw();
  }

  async draw() {
    const turn = ++this.turn;
    const { seed, count, truncation, wishes, locked } = this.state;
    const places = Array.from({ length: count }, (_, place) => {
      const at = locked.get(place) ?? { seed, index: place };
      return { ...at, face: this.faces.of(at.seed, at.index, truncation, wishes) };
    });
    find("seed").value = String(seed);
    find("seed").removeAttribute("aria-invalid");
    this.busy(true);
    try {
      const made = await this.faces.draw(places.map((each) => each.face), truncation);
      if (turn !== this.turn) return;
      this.shown = places.map((each, place) => ({ ...each, pixels: made.pixels[place] }));
      this.paint();
      find("faces").dataset.milliseconds = made.milliseconds;
      find("faces").dataset.drawn = turn;
      const many = count === 1 ? "1 face" : `${count} faces`;
      this.say(`${many} of seed ${seed}, drawn in ${Math.round(made.milliseconds)} ms`);
      history.replaceState(null, "", `#${this.text()}`);
      this.remembered.add(this.text(), this.shown[0].pixels);
    } catch (error) {
      this.note(`The faces could not be drawn: ${error.message}`);
    } finally {
      if (turn === this.turn) this.busy(false);
    }
  }

  busy(on) {
    find("faces").setAttribute("aria-busy", on);
  }

  say(words) {
    find("status").textContent = words;
  }

  // === The faces ===

  paint() {
    const grid = find("faces");
    grid.style.setProperty("--columns", Math.sqrt(this.shown.length));
    while (grid.children.length > this.shown.length) grid.lastChild.remove();
    while (grid.children.length < this.shown.length) grid.append(this.cell(grid.children.length));
    this.chosen = Math.min(this.chosen, this.shown.length - 1);
    this.shown.forEach(({ face, pixels }, place) => {
      const cell = grid.children[place];
      show(cell.querySelector("canvas"), pixels);
      const locked = this.state.locked.has(place);
      cell.querySelector(".badge").hidden = !locked;
      const words = `Face ${place + 1}: ${this.faces.describe(face)}${locked ? "; locked" : ""}`;
      cell.setAttribute("aria-label", words);
      cell.title = this.faces.labels ? this.faces.describe(face) : "";
    });
    this.choose(this.chosen);
  }

  cell(place) {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.className = "face";
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = "locked";
    cell.append(document.createElement("canvas"), badge);
    cell.addEventListener("click", () => this.choose(place));
    return cell;
  }

  choose(place) {
    this.chosen = place;
    [...find("faces").children].forEach((cell, each) => {
      cell.setAttribute("aria-pressed", each === place);
      cell.tabIndex = each === place ? 0 : -1;
    });
    const locked = this.state.locked.has(place);
    find("lock").setAttribute("aria-pressed", locked);
    find("lock").textContent = locked ? "Unlock" : "Lock";
    const favourite = this.remembered.has(this.textOf(place));
    find("favourite").setAttribute("aria-pressed", favourite);
  }

  move(event) {
    const columns = Math.sqrt(this.shown.length);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const place = this.chosen + (steps[event.key] ?? Number.NaN);
    if (!(place >= 0 && place < this.shown.length)) return;
    event.preventDefault();
    this.choose(place);
    find("faces").children[place].focus();
  }

  // === What can be done with the chosen face ===

  lock() {
    const { locked } = this.state;
    const { seed, index } = this.shown[this.chosen];
    if (!locked.delete(this.chosen)) locked.set(this.chosen, { seed, index });
    history.replaceState(null, "", `#${this.text()}`);
    this.paint();
  }

  /** A link to the face in `place` alone. */
  textOf(place) {
    const { seed, index } = this.shown[place];
    const { truncation, wishes } = this.state;
    const locked = new Map([[0, { seed, index }]]);
    return states.write({ seed, count: 1, truncation, wishes, locked }, this.id);
  }

  favour() {
    this.remembered.toggle(this.textOf(this.chosen), this.shown[this.chosen].pixels);
    this.choose(this.chosen);
  }

  async save(times) {
    const { seed, index, pixels } = this.shown[this.chosen];
    const name = `${this.model.name}-seed-${seed}-${index}${times > 1 ? `-x${times}` : ""}.png`;
    save(await png(enlarged(pixels, times)), name);
    this.say(`Saved ${name}`);
  }

  async share() {
    history.replaceState(null, "", `#${this.text()}`);
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("The link is copied.");
    } catch {
      this.say("The address of this page is the link; copying it was not allowed.");
    }
  }

  async walk(button) {
    button.disabled = true;
    try {
      const faces = this.shown.map((each) => each.face);
      const frames = await loop(this.faces, faces, this.state.truncation, (share) =>
        this.say(`Drawing the film: ${Math.round(100 * share)} %`),
      );
      const name = `${this.model.name}-walk-${this.state.seed}.gif`;
      await saveGif(frames, name, find("walk-result"));
      this.say(`Saved ${name}: ${frames.length} pictures`);
    } catch (error) {
      this.note(`The film could not be made: ${error.message}`);
    } finally {
      button.disabled = false;
    }
  }
}

const randomSeed = () => BigInt(crypto.getRandomValues(new Uint32Array(1))[0] >>> 1);
