// History, which lasts as long as the page, and favourites, which stay in the browser.

import { enlarged } from "./pictures.mjs";

const MOST = 24; // thumbnails of history
const find = (id) => document.getElementById(id);

/** Both lists. `follow` is called with the link of the thumbnail that the user presses. */
export class Remembered {
  /** @param {string} model the first letters of the model's hash: each has its own favourites. */
  constructor(model, follow) {
    this.follow = follow;
    this.name = `favourites-${model}`;
    this.history = []; // [link, picture], the newest first
    this.favourites = new Map(this.stored());
    this.show();
  }

  stored() {
    try {
      const found = JSON.parse(localStorage.getItem(this.name) ?? "[]");
      return found.filter((each) => each.length === 2 && each[1].startsWith("data:image/png"));
    } catch {
      return []; // not allowed, or damaged
    }
  }

  add(link, pixels) {
    const rest = this.history.filter(([each]) => each !== link);
    this.history = [[link, thumbnail(pixels)], ...rest].slice(0, MOST);
    this.show();
  }

  has(link) {
    return this.favourites.has(link);
  }

  /** Make a face a favourite, or no longer. */
  toggle(link, pixels) {
    if (!this.favourites.delete(link)) this.favourites.set(link, thumbnail(pixels));
    try {
      localStorage.setItem(this.name, JSON.stringify([...this.favourites]));
    } catch {
      // Not allowed: they last as long as the page.
    }
    this.show();
  }

  show() {
    this.fill("history-list", this.history, "Show again");
    this.fill("favourite-list", [...this.favourites], "Show favourite");
    find("no-favourites").hidden = this.favourites.size > 0;
  }

  fill(id, entries, words) {
    find(id).replaceChildren(
      ...entries.map(([link, source], index) => {
        const button = document.createElement("button");
        button.type = "button";
        const image = document.createElement("img");
        Object.assign(image, { src: source, alt: `${words} ${index + 1}`, width: 64 });
        button.append(image);
        button.addEventListener("click", () => this.follow(link));
        return button;
      }),
    );
  }
}

const thumbnail = (pixels) => enlarged(pixels, 1).toDataURL("image/png");
