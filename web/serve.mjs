// Inside the worker: a network in onnxruntime-web. The page asks with {id, feeds} or {id, load}.

const TYPES = { float32: Float32Array, int32: Int32Array };

/**
 * Answer the page's messages.
 *
 * @param {object} ort onnxruntime-web.
 * @param {object} scope the worker's global scope.
 */
export function serve(ort, scope) {
  let session = null;

  /** Start the runtime and load the network. One thread: more need headers that few hosts set. */
  async function load({ model, runtime }) {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    if (runtime) {
      const code = new Blob([runtime.code], { type: "text/javascript" });
      ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(code) };
      ort.env.wasm.wasmBinary = runtime.binary;
    } else {
      ort.env.wasm.wasmPaths = new URL("./", scope.location.href).href;
    }
    session = await ort.InferenceSession.create(new Uint8Array(model), {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
    });
    return { inputs: session.inputNames };
  }

  /** Run the network: arrays by name in, the pictures and their shape out. */
  async function run(feeds) {
    const tensors = {};
    for (const [name, { type, data, dims }] of Object.entries(feeds)) {
      tensors[name] = new ort.Tensor(type, TYPES[type].from(data), dims);
    }
    const start = performance.now();
    const { images } = await session.run(tensors, ["images"]);
    return { images: images.data, dims: images.dims, milliseconds: performance.now() - start };
  }

  scope.onmessage = async ({ data }) => {
    try {
      const answer = data.load ? await load(data.load) : await run(data.feeds);
      scope.postMessage({ id: data.id, answer }, answer.images ? [answer.images.buffer] : []);
    } catch (error) {
      scope.postMessage({ id: data.id, error: String(error?.message ?? error) });
    }
  };
}
