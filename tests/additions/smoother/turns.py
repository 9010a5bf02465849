"""How a smoother trains."""

import keras
import numpy as np
from keras import ops

from layers import initializers
from models.chance import chosen_rows
from models.outputs import Judged, Output, Preview, Watched, Work
from models.players import Player, Turn
from models.system import System


class Smoother(System):
    """One network, one turn; the recipe's phase says whether smoothness counts."""

    averaged = ("smoother",)
    outputs = {"smoother": Output("reconstruct", "smoother")}  # noqa: RUF012
    watched = Watched(line={"error": "error {:.4f}"}, curves={"error": "error", "rough": "rough"})

    def build_networks(self):
        x = keras.Input((self.recipe.resolution, self.recipe.resolution, 3), name="images")
        kernel = initializers.get("normal")
        y = keras.layers.Conv2D(
            self.recipe.filters, 3, padding="same", kernel_initializer=kernel, name="hidden"
        )(x)
        y = keras.layers.Conv2D(
            3, 3, padding="same", kernel_initializer=initializers.get("normal"), name="to_image"
        )(y)
        return {"smoother": keras.Model(x, y, name="smoother")}

    def players(self):
        return {"smoother": Player([self.smoother], 1e-3)}

    def turns(self):
        return [Turn("smoother", self._error)]

    def _error(self, part, _):
        real = ops.cast(part["images"], "float32") / 127.5 - 1.0
        made = self.smoother(real + part["noise"], training=True)
        error = ops.mean(ops.square(made - real))
        if not self.recipe.smooth_weight:
            return error, {"error": error}
        rough = ops.mean(ops.abs(made[:, 1:] - made[:, :-1]))
        return error + self.recipe.smooth_weight * rough, {"error": error, "rough": rough}

    def work(self):
        return [Work(kept={"smoother": 1}, passes={"smoother": 3})]

    def _draw(self, data, rng, count):
        images = data["images"].images
        chosen = np.asarray(images[chosen_rows(rng, len(images), count)])
        floats = chosen.astype("float32") / 127.5 - 1.0
        return lambda system: system.output("smoother").predict(floats, verbose=0)

    def preview(self, data, rng, rows, columns):
        return Preview(self._draw(data, rng, rows * columns), columns)

    def judged(self, data, rng, count):
        return Judged(self._draw(data, rng, count), "images", {"weights": "ema"})
