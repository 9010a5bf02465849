// The page of a network that turns pictures into others: translated, enlarged, coloured, aged.

import { changed, coloured, enlarged, fitted, pixelsOf } from "./changes.mjs";
import { png, save, show } from "./pictures.mjs";

const MOST = 2048; // px of the longer side of a picture that is taken as it is
const find = (id) => document.getElementById(id);

/** Fill the page for `model` and wait for a picture. */
export async function open(model, engine, note) {
  find("main").replaceChildren(find("translator-page").content.cloneNode(true));
  new TranslatorPage(model, engine, note).listen();
}

class TranslatorPage {
  constructor(model, engine, note) {
    Object.assign(this, { model, engine, note });
    this.selects = [];
    this.bitmap = null;
    this.turn = 0; // counts changes, of which only the newest is shown
    this.files = 0; // counts files, of which only the newest is taken
    find("after-caption").textContent = model.does;
    for (const [name, members] of Object.entries(model.choices ?? {})) this.add(name, members);
  }

  /** A control for a label that the network takes besides the picture. */
  add(name, members) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.dataset.input = name;
    members.forEach((member, index) => select.append(new Option(member, index)));
    select.addEventListener("change", () => this.change());
    label.append(name, select);
    find("label-list").append(label);
    this.selects.push(select);
  }

  listen() {
    const drop = find("drop");
    find("file").addEventListener("change", ({ target }) => this.take(target.files[0]));
    addEventListener("paste", ({ clipboardData }) => this.take(clipboardData.files[0]));
    for (const kind of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", kind === "dragover");
        if (kind === "drop") this.take(event.dataTransfer.files[0]);
      });
    }
    find("save-after").addEventListener("click", async () => {
      save(await png(find("after")), `${this.name}-${this.model.name}.png`);
    });
  }

  async take(file) {
    if (!file) return;
    this.note("");
    const number = ++this.files;
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      if (number === this.files) {
        this.note(`${file.name} is not a picture that this browser can read.`);
      }
      return;
    }
    if (number !== this.files) return;
    this.bitmap = bitmap;
    this.name = file.name.replace(/\.[^.]*$/, "");
    await this.change();
  }

  async change() {
    if (!this.bitmap) return;
    const turn = ++this.turn;
    find("work").hidden = false;
    find("status").textContent = "Working …";
    find("save-after").disabled = true; // what is shown is of another picture
    try {
      const start = performance.now();
      const before = this.before();
      show(find("before"), before);
      const after = await this.after(before, (share) => {
        if (turn === this.turn) find("work").value = share;
      });
      if (turn !== this.turn) return;
      show(find("after"), after);
      this.tell(before, after, performance.now() - start);
    } catch (error) {
      if (turn !== this.turn) return;
      find("status").textContent = "";
      this.note(`The picture could not be changed: ${error.message}`);
    } finally {
      if (turn === this.turn) find("work").hidden = true;
    }
  }

  tell(before, after, milliseconds) {
    const size = ({ width, height }) => `${width} × ${height}`;
    find("before").setAttribute("aria-label", `${this.name}, ${size(before)} pixels`);
    find("after").setAttribute("aria-label", `${this.name}, ${this.model.does}`);
    find("status").textContent =
      `${size(before)} → ${size(after)} pixels in ${Math.round(milliseconds)} ms`;
    find("save-after").disabled = false;
  }

  /** The picture as the network's kind takes it. */
  before() {
    const { way, side } = this.model;
    if (way === "fixed") return fitted(this.bitmap, side);
    const longer = Math.max(this.bitmap.width, this.bitmap.height);
    if (longer > MOST) {
      this.note(`The picture is shown smaller: its longer side is made ${MOST} pixels.`);
    }
    const scale = Math.min(1, MOST / longer);
    const [width, height] = [this.bitmap.width, this.bitmap.height].map((length) =>
      Math.max(1, Math.round(scale * length)),
    );
    return pixelsOf(this.bitmap, width, height);
  }

  async after(before, tell) {
    const { way, side } = this.model;
    const run = (pictures) => this.engine.run({ pictures, ...this.labels() });
    if (way === "enlarge") return enlarged(before, this.model, run, tell);
    return way === "colour" ? coloured(before, side, run) : changed(before, run);
  }

  labels() {
    return Object.fromEntries(
      this.selects.map((select) => [
        select.dataset.input,
        { type: "int32", data: [Number(select.value)], dims: [1] },
      ]),
    );
  }
}
