// Faces as data: what each is made from, and how the network draws them.

import { Labels, Latents } from "./draws.mjs";
import { picture } from "./pictures.mjs";

/**
 * @typedef {object} Face
 * @property {Float32Array} latent
 * @property {Float32Array | null} label
 * @property {Float32Array} [other] a second latent, whose styles some layers take.
 * @property {[number, number]} [layers] these layers: the first, and one past the last.
 */

/** Draws faces with one model. */
export class Faces {
  constructor(model, engine) {
    this.model = model;
    this.engine = engine;
    this.latents = new Latents(model.latent);
    this.labels = model.labels && new Labels(model.labels);
  }

  /**
   * Face `index` of `seed`: the picture of that number by generate.py.
   *
   * @returns {Face}
   */
  of(seed, index, truncation, wishes) {
    const redrawn = this.model.truncation === "redrawn" ? truncation : 1;
    return {
      latent: this.latents.of(seed, index, redrawn),
      label: this.labels && this.labels.of(seed, index, this.numbers(wishes)),
    };
  }

  /** Wishes by the labels' numbers. */
  numbers(wishes) {
    return new Map([...wishes].map(([name, on]) => [this.labels.index.get(name), on]));
  }

  /** A face in words, for those who do not see it. */
  describe(face) {
    return (face.label && this.labels.describe(face.label)) || "no attributes";
  }

  /**
   * Draw faces: {pixels: ImageData[], milliseconds}.
   *
   * @param {Face[]} faces
   */
  async draw(faces, truncation = 1) {
    const answer = await this.engine.run(this.feeds(faces, truncation));
    return {
      pixels: faces.map((_, index) => picture(answer, index)),
      milliseconds: answer.milliseconds,
    };
  }

  feeds(faces, truncation) {
    const { latent, labels, styles } = this.model;
    const joined = (rows) => Float32Array.from(rows.flatMap((row) => [...row]));
    const count = faces.length;
    const psi = this.model.truncation === "psi" ? truncation : 1;
    const feeds = {
      latents: {
        type: "float32",
        data: joined(faces.map((face) => face.latent)),
        dims: [count, latent.dim],
      },
      truncation: { type: "float32", data: [psi], dims: [] },
    };
    if (labels?.kind === "classes") {
      const classes = faces.map((face) => face.label.indexOf(Math.max(...face.label)));
      feeds.labels = { type: "int32", data: classes, dims: [count] };
    } else if (labels) {
      const data = joined(faces.map((face) => face.label));
      feeds.labels = { type: "float32", data, dims: [count, labels.names.length] };
    }
    if (styles) {
      const data = joined(faces.map((face) => face.other ?? face.latent));
      const [first, stop] = faces[0].layers ?? [0, 0];
      feeds.other = { type: "float32", data, dims: [count, latent.dim] };
      feeds.first = { type: "int32", data: [first], dims: [] };
      feeds.stop = { type: "int32", data: [stop], dims: [] };
    }
    return feeds;
  }
}
