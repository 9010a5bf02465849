// The page's side of the worker, and where the model and the runtime come from.

/** Runs the network. Made by `start`. */
export class Engine {
  constructor(worker) {
    this.worker = worker;
    this.waiting = new Map();
    this.count = 0;
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error === undefined) resolve(data.answer);
      else reject(new Error(data.error));
    };
    worker.onerror = (event) => this.fail(event.message || "The worker could not be started.");
  }

  fail(message) {
    for (const { reject } of this.waiting.values()) reject(new Error(message));
    this.waiting.clear();
  }

  ask(message, moved = []) {
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...message }, moved);
    });
  }

  /**
   * The network's pictures.
   *
   * @param {object} feeds inputs by name: {type, data, dims}.
   * @returns {Promise<{images: Float32Array, dims: number[], milliseconds: number}>}
   */
  run(feeds) {
    return this.ask({ feeds });
  }
}

/** The network, ready. `tell(share)` hears how much has been loaded, 0 to 1. */
export async function start(description, tell) {
  const inline = document.getElementById("embedded-model");
  if (!inline) {
    const model = await download(description, tell);
    const engine = new Engine(new Worker("./worker.mjs", { type: "module" }));
    await engine.ask({ load: { model } }, [model]);
    return engine;
  }
  const [model, binary] = await Promise.all([inline, part("binary")].map(unpacked));
  await refuseOther(model, description);
  const code = new Blob([part("worker").textContent], { type: "text/javascript" });
  const engine = new Engine(new Worker(URL.createObjectURL(code)));
  const runtime = { code: part("runtime").textContent, binary };
  await engine.ask({ load: { model, runtime } }, [model, binary]);
  return engine;
}

const part = (name) => document.getElementById(`embedded-${name}`);

/** What an element of a page in one file holds: base64 of gzip. */
async function unpacked(element) {
  const packed = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function download(description, tell) {
  const reply = await fetch(`./${description.file}`);
  if (!reply.ok) throw new Error(`${description.file} is missing: the server says ${reply.status}.`);
  const reader = reply.body.getReader();
  const parts = [];
  let count = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    parts.push(read.value);
    count += read.value.length;
    tell(Math.min(1, count / description.bytes));
  }
  const whole = await new Blob(parts).arrayBuffer();
  await refuseOther(whole, description);
  return whole;
}

/** Throw unless these are the bytes of the model that model.json describes. */
async function refuseOther(bytes, description) {
  if (bytes.byteLength !== description.bytes) {
    throw new Error(
      `The model file is damaged: it has ${bytes.byteLength} bytes, not ${description.bytes}.`,
    );
  }
  if (!globalThis.crypto?.subtle) return; // only secure origins have it
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hash !== description.sha256) throw new Error("The model file is damaged or not this page's.");
}
