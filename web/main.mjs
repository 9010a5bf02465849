// The page begins here: read what the model is, load it, show its page.

import { start } from "./engine.mjs";
import * as generator from "./generator.mjs";
import * as translator from "./translator.mjs";

const find = (id) => document.getElementById(id);

/** Show a remark above everything, or none. */
function note(words) {
  find("notes").textContent = words;
  find("notes").hidden = !words;
}

async function describe() {
  const inline = find("embedded-description");
  if (inline) return JSON.parse(inline.textContent);
  const reply = await fetch("./model.json");
  if (!reply.ok) throw new Error(`model.json is missing: the server says ${reply.status}.`);
  return reply.json();
}

function introduce(model) {
  document.title = model.title;
  find("title").textContent = model.title;
  find("subtitle").textContent = model.subtitle;
  for (const [name, value] of model.facts) {
    const term = document.createElement("dt");
    const fact = document.createElement("dd");
    term.textContent = name;
    fact.textContent = value;
    find("facts").append(term, fact);
  }
}

async function begin() {
  try {
    const model = await describe();
    introduce(model);
    const engine = await start(model.model, (share) => {
      find("progress").value = share;
    });
    await { generator, translator }[model.kind].open(model, engine, note);
    document.body.dataset.ready = "yes";
  } catch (error) {
    find("loading")?.remove();
    note(`This page could not start. ${error.message}`);
  }
}

begin();
