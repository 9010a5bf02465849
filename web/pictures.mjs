// From the network's numbers to pixels, canvases and files.

/** Colour values of ±1 as bytes, rounded to even like NumPy. */
export function toBytes(values) {
  return Uint8ClampedArray.from(values, (value) =>
    // In 32 bits, as Python computes it; Uint8ClampedArray rounds halves to even and clips.
    Math.fround(Math.fround(value + 1) * 127.5),
  );
}

/**
 * Picture `index` of the network's answer.
 *
 * @param {{images: Float32Array, dims: number[]}} answer pictures (N, H, W, C), C 1, 3 or 4.
 * @returns {ImageData}
 */
export function picture({ images, dims }, index = 0) {
  const [, height, width, channels] = dims;
  const size = height * width;
  const bytes = toBytes(images.subarray(index * size * channels, (index + 1) * size * channels));
  const pixels = new ImageData(width, height);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) {
      pixels.data[4 * i + c] = bytes[channels * i + (channels === 1 ? 0 : c)];
    }
    pixels.data[4 * i + 3] = channels === 4 ? bytes[4 * i + 3] : 255;
  }
  return pixels;
}

/** Show `pixels` on `canvas`, one pixel for one. */
export function show(canvas, pixels) {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** A canvas that shows `pixels`, `times` as large. */
export function enlarged(pixels, times) {
  const small = document.createElement("canvas");
  show(small, pixels);
  if (times === 1) return small;
  const large = document.createElement("canvas");
  large.width = pixels.width * times;
  large.height = pixels.height * times;
  const context = large.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, large.width, large.height);
  return large;
}

/** Let the browser save `blob` as a file called `name`. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A canvas as a PNG. */
export const png = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
