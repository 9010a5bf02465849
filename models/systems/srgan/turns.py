"""How an SRGAN trains (Ledig et al. 2017, arXiv:1609.04802): pixels first, then a discriminator."""

from typing import ClassVar

import numpy as np
from keras import ops

from layers import initializers
from models import losses, perceptual, sampling
from models.chance import chosen_rows
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats
from models.players import Player, Turn
from models.resizing import crops, shrunk, small_copies
from models.system import System
from models.systems.srgan import networks
from models.systems.srgan.preview import preview
from models.systems.srgan.recipe import SRGANRecipe


class SRGAN(System):
    """A generator that enlarges crops which were shrunk, and a discriminator of whole crops.

    A batch holds images (B, 1, R, R, 3) uint8, and top and left (B, 1) of each row's crop. In
    the first phase there is no discriminator, and the mean squared error is minimised.

    Args and errors: see `System`.
    """

    averaged = ("generator",)
    outputs: ClassVar = {"upscaler": Output("upscale", "generator", "larger pictures")}
    watched = Watched(
        line={"mse": "MSE {:.5f}", "d_loss": "D {:.3f}", "g_loss": "G {:.3f}"},
        curves={
            "mse": "pixels",
            "content": "content",
            "d_loss": "discriminator",
            "g_loss": "generator, adversarial",
        },
    )

    @classmethod
    def check(cls, recipe: SRGANRecipe) -> None:
        perceptual.check(recipe.content)

    def build_networks(self):
        made = {"generator": networks.generator(self.recipe)}
        if self.recipe.adversarial:
            made["discriminator"] = networks.discriminator(self.recipe)
        return made

    def players(self):
        recipe = self.recipe
        rate = recipe.learning_rate if recipe.adversarial else recipe.pixel_rate
        return {name: Player([getattr(self, name)], rate) for name in self.network_names}

    def turns(self):
        if not self.recipe.adversarial:
            return [Turn("generator", self._pixel_loss)]
        self._loss = losses.get("non_saturating")
        self._content = perceptual.content_map(self.recipe.content, self.recipe.crop)
        return [
            Turn("discriminator", self._discriminator_loss, given=self._truth_and_fakes),
            Turn("generator", self._generator_loss),
        ]

    # === The turns ===

    def _pair(self, part):
        """Each row's crop (B, C, C, 3) in [-1, 1], and the same shrunk."""
        large = as_floats(crops(part["images"], part["top"], part["left"], self.recipe.crop))
        return shrunk(large, self.recipe.scale), large

    def _truth_and_fakes(self, part):
        small, large = self._pair(part)
        return large, self.generator(small, training=True)

    def _pixel_loss(self, part, _):
        """Equation 4."""
        small, large = self._pair(part)
        loss = mean_square(self.generator(small, training=True), large)
        return loss, {"mse": loss / 4.0}

    def _discriminator_loss(self, part, given):
        """Equation 2, the discriminator's side."""
        real, fake = (self.discriminator(pictures, training=True) for pictures in given)
        loss = self._loss.discriminator(real, fake)
        return loss, {"d_loss": loss}

    def _generator_loss(self, part, _):
        """Equation 3: content (equation 5) and the adversarial term (equation 6)."""
        recipe = self.recipe
        small, large = self._pair(part)
        made = self.generator(small, training=True)
        content = mean_square(self._content(made), self._content(large))
        fooled = self._loss.generator(None, self.discriminator(made, training=True))
        pixels = mean_square(made, large)
        loss = (
            recipe.content_weight * content
            + recipe.pixel_weight * pixels
            + recipe.adversarial_weight * fooled
        )
        return loss, {"mse": pixels / 4.0, "content": content, "g_loss": fooled}

    # === What it tells of itself ===

    def sized(self, name):
        if name != "generator":
            return super().sized(name)
        with initializers.blank():
            return networks.generator(self.recipe, self.recipe.small)

    def work(self):
        # Not counted: the frozen network that compares.
        if not self.recipe.adversarial:
            return [Work(kept={"generator": 1}, passes={"generator": 3})]
        return [
            Work(kept={"discriminator": 2}, passes={"generator": 1, "discriminator": 6}),
            Work(
                kept={"generator": 1, "discriminator": 1},
                passes={"generator": 3, "discriminator": 2},
            ),
        ]

    def preview(self, data, rng, rows, columns):
        return preview(self.recipe, data["images"].images, rng, rows, columns)

    def judged(self, data, rng, count):
        images = data["images"].images
        chosen = chosen_rows(rng, len(images), count)
        small = small_copies(np.asarray(images[chosen]), self.recipe.scale)
        return Judged(
            lambda system: system.enlarge(small),
            "images",
            {"weights": "ema", "made from": f"pictures shrunk {self.recipe.scale} times"},
        )

    # === Use ===

    def enlarge(self, pictures: np.ndarray, ema: bool = True, batch_size: int = 16) -> np.ndarray:
        """Pictures (N, h, w, 3) → float32 (N, scale·h, scale·w, 3), around [-1, 1].

        Args:
            pictures: uint8, or float in [-1, 1].
            ema: by the averaged generator, as one should, or by the one in training.
            batch_size: how many at a time.
        """
        return sampling.translate(self.output("upscaler", averaged=ema), pictures, batch_size)


def mean_square(x, y):
    """The mean squared difference."""
    return ops.mean(ops.square(x - y))
