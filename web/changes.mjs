// What networks on pictures do with a picture: whole, in tiles, or to its colours alone.
//
// Pictures are ImageData. `run(tensor)` asks the network: {type, data, dims} → {images, dims}.

import { picture } from "./pictures.mjs";

/** The centre square of a bitmap, on white, resized as a network takes it. */
export function fitted(bitmap, side) {
  const least = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [bitmap.width, bitmap.height].map((length) =>
    Math.floor((length - least) / 2), // as Python cuts
  );
  return drawn(side, side, (context) => {
    context.fillStyle = "white";
    context.fillRect(0, 0, side, side);
    context.drawImage(bitmap, left, top, least, least, 0, 0, side, side);
  });
}

/** All of a bitmap, with its opacity, at a size. */
export const pixelsOf = (bitmap, width, height) =>
  drawn(width, height, (context) => context.drawImage(bitmap, 0, 0, width, height));

function drawn(width, height, draw) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  draw(context);
  return context.getImageData(0, 0, width, height);
}

/** Part of a picture as the network's input: colours of ±1, without opacity. */
export function tensor(pixels, left = 0, top = 0, width = pixels.width, height = pixels.height) {
  const data = new Float32Array(width * height * 3);
  let at = 0;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const from = 4 * (y * pixels.width + x);
      for (let c = 0; c < 3; c++) data[at++] = pixels.data[from + c] / 127.5 - 1;
    }
  }
  return { type: "float32", data, dims: [1, height, width, 3] };
}

/** A picture of the network's own size, changed. */
export const changed = async (pixels, run) => picture(await run(tensor(pixels)));

/**
 * A picture enlarged tile by tile. Tiles overlap as far as the network sees, so the result is that
 * of the whole picture.
 *
 * @param {{scale: number, tile: number, reach: number}} network
 */
export async function enlarged(pixels, { scale, tile, reach }, run, tell) {
  const [width, height] = [pixels.width * scale, pixels.height * scale];
  const made = new ImageData(width, height);
  const count = Math.ceil(pixels.width / tile) * Math.ceil(pixels.height / tile);
  let done = 0;
  for (let top = 0; top < pixels.height; top += tile) {
    for (let left = 0; left < pixels.width; left += tile) {
      const rows = windowOf(top, tile, reach, pixels.height);
      const columns = windowOf(left, tile, reach, pixels.width);
      const seen = tensor(pixels, columns.start, rows.start, columns.size, rows.size);
      const part = picture(await run(seen));
      place(made, part, { rows, columns, scale });
      tell(++done / count);
    }
  }
  return withOpacity(made, pixels);
}

/** The part of a line to be made, and the larger part that the network sees. */
function windowOf(part, tile, reach, length) {
  const size = Math.min(tile + 2 * reach, length);
  const start = Math.min(Math.max(part - reach, 0), length - size);
  return { part, stop: Math.min(part + tile, length), start, size };
}

function place(made, part, { rows, columns, scale }) {
  const [left, right] = [columns.part * scale, columns.stop * scale];
  for (let y = rows.part * scale; y < rows.stop * scale; y++) {
    const from = 4 * ((y - rows.start * scale) * part.width + left - columns.start * scale);
    made.data.set(part.data.subarray(from, from + 4 * (right - left)), 4 * (y * made.width + left));
  }
}

/** `made` with the opacity of `pixels`, enlarged smoothly. */
function withOpacity(made, pixels) {
  if (pixels.data.every((value, index) => index % 4 !== 3 || value === 255)) return made;
  const source = new OffscreenCanvas(pixels.width, pixels.height);
  source.getContext("2d").putImageData(pixels, 0, 0);
  const large = pixelsOf(source, made.width, made.height);
  for (let at = 3; at < made.data.length; at += 4) made.data[at] = large.data[at];
  return made;
}

// Luma and chroma, as in metrics/colour_space.py: BT.601 and PAL.
const LUMA = [0.299, 0.587, 0.114];
const lumaOf = (r, g, b) => LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;

/** A picture with its own luma, and the colours that the network gives a small copy of it. */
export async function coloured(pixels, side, run) {
  const source = new OffscreenCanvas(pixels.width, pixels.height);
  source.getContext("2d").putImageData(opaque(pixels), 0, 0);
  const { images } = await run(tensor(pixelsOf(source, side, side)));
  const blue = new Float32Array(side * side); // B - Y and R - Y
  const red = new Float32Array(side * side);
  for (let i = 0; i < side * side; i++) {
    const [r, g, b] = [0, 1, 2].map((c) => (images[3 * i + c] + 1) / 2);
    const y = lumaOf(r, g, b);
    blue[i] = b - y;
    red[i] = r - y;
  }
  const made = new ImageData(pixels.width, pixels.height);
  for (let y = 0; y < pixels.height; y++) {
    const row = between(y, pixels.height, side);
    for (let x = 0; x < pixels.width; x++) {
      const column = between(x, pixels.width, side);
      const at = 4 * (y * pixels.width + x);
      const [r, g, b, a] = pixels.data.subarray(at, at + 4);
      const luma = lumaOf(r, g, b) / 255;
      const values = withChroma(luma, smooth(blue, side, row, column), smooth(red, side, row, column));
      made.data.set([...values.map((value) => 255 * value), a], at);
    }
  }
  return made;
}

function opaque(pixels) {
  const copy = new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height);
  for (let at = 3; at < copy.data.length; at += 4) copy.data[at] = 255;
  return copy;
}

/** Where position `at` of a line of `length` lies in one of `side`: two neighbours and the share. */
function between(at, length, side) {
  const where = Math.min(Math.max(((at + 0.5) * side) / length - 0.5, 0), side - 1);
  const low = Math.floor(where);
  return { low, high: Math.min(low + 1, side - 1), share: where - low };
}

function smooth(map, side, row, column) {
  const line = (y) =>
    (1 - column.share) * map[y * side + column.low] + column.share * map[y * side + column.high];
  return (1 - row.share) * line(row.low) + row.share * line(row.high);
}

/** RGB from 0 to 1 of exactly this luma; with less chroma where no colour has both. */
export function withChroma(y, blue, red) {
  const green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1];
  const differences = [red, green, blue];
  const up = Math.max(1 - y, 1e-6);
  const down = Math.max(y, 1e-6);
  const share = Math.max(1, ...differences.map((d) => Math.max(d / up, -d / down)));
  return differences.map((d) => y + d / share);
}
