// The controls that say what is drawn: how many, which labels, how typical.

import { COUNTS } from "./state.mjs";

const find = (id) => document.getElementById(id);
// Values of options that are no label; those of labels begin with "=".
const RANDOM = "";
const [NONE, ON, OFF] = ["none", "on", "off"];
const valued = (name) => `=${name}`;
const rounded = (value) => Number(Number(value).toFixed(2));

/** The controls of one model. `changed` is called whenever the user has changed any. */
export class Choices {
  constructor(model, changed) {
    this.model = model;
    this.selects = []; // {select, names}
    this.countButtons(changed);
    this.labelSelects(changed);
    this.truncation(changed);
  }

  countButtons(changed) {
    for (const count of COUNTS) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "count", value: count });
      input.addEventListener("change", changed);
      label.append(input, String(count));
      find("count").append(label);
    }
  }

  labelSelects(changed) {
    const { labels } = this.model;
    if (!labels) return;
    find("labels").hidden = false;
    const grouped = new Set(Object.values(labels.groups).flat());
    if (labels.kind === "classes") {
      find("labels-title").textContent = "Class";
      this.add("class", labels.names, labels.names.map((name) => [valued(name), name]));
    }
    for (const [group, names] of Object.entries(labels.groups)) {
      const members = names.map((name) => [valued(name), name]);
      this.add(group, names, [...members, [NONE, "none of these"]]);
    }
    const alone = labels.kind === "classes" ? [] : labels.names.filter((n) => !grouped.has(n));
    for (const name of alone) this.add(name, [name], [[ON, "on"], [OFF, "off"]]);
    for (const { select } of this.selects) select.addEventListener("change", changed);
    find("reset-labels").addEventListener("click", () => {
      for (const { select } of this.selects) select.value = RANDOM;
      changed();
    });
  }

  add(title, names, options) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    for (const [value, words] of [[RANDOM, "random"], ...options]) {
      select.append(new Option(words, value));
    }
    label.append(title, select);
    find("label-list").append(label);
    this.selects.push({ select, names });
  }

  truncation(changed) {
    const { truncation } = this.model;
    if (truncation === "none") find("truncation-field").hidden = true;
    if (truncation === "psi") {
      find("truncation-note").textContent = "ψ; less: nearer to the average face";
    }
    find("truncation").addEventListener("input", ({ target }) => {
      // A link may hold any value; the user's hand chooses one of two digits.
      target.value = rounded(target.value);
      this.chosen = Number(target.value);
      find("truncation-value").textContent = target.value;
    });
    find("truncation").addEventListener("change", changed);
  }

  /** Show a state. */
  set({ count, wishes, truncation }) {
    for (const input of find("count").querySelectorAll("input")) {
      input.checked = Number(input.value) === count;
    }
    this.chosen = truncation; // the slider may not reach it
    find("truncation").value = truncation;
    find("truncation-value").textContent = rounded(truncation);
    for (const { select, names } of this.selects) select.value = this.valueOf(names, wishes);
  }

  valueOf(names, wishes) {
    const on = names.find((name) => wishes.get(name) === true);
    const lone = names.length === 1 && this.model.labels.kind !== "classes";
    if (on !== undefined) return lone ? ON : valued(on);
    const off = names.every((name) => wishes.get(name) === false);
    if (off) return lone ? OFF : NONE;
    return RANDOM;
  }

  /** Write what is chosen into `state`. */
  get(state) {
    state.count = Number(find("count").querySelector("input:checked").value);
    state.truncation = this.chosen;
    state.wishes = new Map();
    for (const { select, names } of this.selects) {
      if (select.value === NONE || select.value === OFF) {
        for (const name of names) state.wishes.set(name, false);
      } else if (select.value !== RANDOM) {
        state.wishes.set(select.value === ON ? names[0] : select.value.slice(1), true);
      }
    }
  }
}
