// Films: walks between faces, as a GIF.

import { applyPalette, GIFEncoder, quantize } from "./gifenc.mjs";
import { between, straight } from "./draws.mjs";
import { enlarged, save } from "./pictures.mjs";

const STEPS = 16; // pictures from one face to the next
const AT_ONCE = 16;
const DELAY = 60; // milliseconds a picture
const LEAST = 128; // px of a film's shorter side

/** The face that lies at share `t` of the way from `a` to `b`. Labels change along a line. */
export const on = (a, b, t) => ({
  latent: between(a.latent, b.latent, t),
  label: a.label && straight(a.label, b.label, t),
});

/** Pixels of a walk through `faces` and back to the first; one face walks nowhere. */
export async function loop(drawer, faces, truncation, tell) {
  if (faces.length < 2) throw new Error("a film needs two faces or more; show 4 or 16.");
  const path = faces.flatMap((face, place) => {
    const following = faces[(place + 1) % faces.length];
    return Array.from({ length: STEPS }, (_, step) => on(face, following, step / STEPS));
  });
  const frames = [];
  for (let start = 0; start < path.length; start += AT_ONCE) {
    const made = await drawer.draw(path.slice(start, start + AT_ONCE), truncation);
    frames.push(...made.pixels);
    tell(frames.length / path.length);
  }
  return frames;
}

/** Write `frames` (ImageData) as a GIF, offer it as `name`, and show it in `place`. */
export async function saveGif(frames, name, place) {
  const blob = new Blob([await gif(frames)], { type: "image/gif" });
  save(blob, name);
  if (!place || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const image = document.createElement("img");
  Object.assign(image, { src: URL.createObjectURL(blob), alt: `Film ${name}`, width: LEAST });
  place.replaceChildren(image);
  place.hidden = false;
}

/** The bytes of a GIF that loops for ever. */
export async function gif(frames) {
  const times = Math.max(1, Math.ceil(LEAST / Math.min(frames[0].width, frames[0].height)));
  const encoder = GIFEncoder();
  for (const frame of frames) {
    const canvas = enlarged(frame, times);
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "destination-over"; // a film has no opacity: white behind
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    const palette = quantize(data, 256);
    encoder.writeFrame(applyPalette(data, palette), width, height, { palette, delay: DELAY });
    await new Promise((resume) => setTimeout(resume)); // the page stays alive
  }
  encoder.finish();
  return encoder.bytes();
}
