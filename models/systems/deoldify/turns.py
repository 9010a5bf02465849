"""How a colouring network trains: "NoGAN", after github.com/jantic/DeOldify.

First the generator learns by pixels and feature maps; then a discriminator learns alone on what
the generator makes; at last both learn together for a short time.
"""

from typing import ClassVar

import numpy as np
from keras import ops

from layers import initializers, replicas
from models import losses, perceptual, pretrained
from models.chance import chosen_rows
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats, to_grey
from models.players import Player, Turn
from models.resizing import shrunk
from models.system import System
from models.systems.deoldify import networks
from models.systems.deoldify.preview import preview
from models.systems.deoldify.recipe import DeOldifyRecipe
from models.systems.deoldify.rendering import rendered


class DeOldify(System):
    """A generator that colours, and a discriminator of patches of coloured pictures.

    A batch holds images (B, 1, R, R, 3) uint8 and dropout (B, 1, 2, C), the random numbers of the
    discriminator's dropout for the real and for the coloured picture. Pictures are shrunk to the
    phase's size.

    Args and errors: see `System`.
    """

    averaged = ("generator",)
    outputs: ClassVar = {"colourer": Output("colour", "generator", "grey → colour")}
    watched = Watched(
        line={"pixels": "pixels {:.4f}", "d_loss": "D {:.3f}", "g_loss": "G {:.3f}"},
        curves={
            "pixels": "pixels",
            "maps": "maps",
            "d_loss": "discriminator",
            "g_loss": "generator, adversarial",
        },
        share=("g_moves", "share of steps in which the generator moves"),
    )

    @classmethod
    def check(cls, recipe: DeOldifyRecipe) -> None:
        pretrained.check_encoder(recipe.encoder)
        perceptual.check()

    def build_networks(self):
        made = {"generator": networks.generator(self.recipe)}
        if self.recipe.part != "features":
            made["discriminator"] = networks.discriminator(self.recipe)
        return made

    def players(self):
        recipe, found = self.recipe, {}
        if recipe.part != "discriminator":
            found["generator"] = Player([self.generator], recipe.learning_rate)
        if recipe.part != "features":
            found["discriminator"] = Player([self.discriminator], recipe.d_learning_rate)
        return found

    def turns(self):
        recipe = self.recipe
        self._loss = losses.get("non_saturating")
        judge = Turn("discriminator", self._discriminator_loss, given=self._truth_and_fakes)
        if recipe.part == "discriminator":
            return [judge]
        self._maps = perceptual.feature_maps(recipe.side, tuple(perceptual.DEEP_MAPS))
        if recipe.part == "features":
            return [Turn("generator", self._feature_loss)]
        return [judge, Turn("generator", self._generator_loss, when=self._is_fooled_seldom)]

    # === The turns ===

    def _truth(self, part):
        """The pictures in the phase's size, (B, S, S, 3) in [-1, 1]."""
        pictures = as_floats(part["images"])
        factor = 1 << self.recipe.halvings
        return shrunk(pictures, factor) if factor > 1 else pictures

    def _truth_and_fakes(self, part):
        """As the source judges saved pictures, the generator has its running statistics."""
        truth = self._truth(part)
        return truth, self.generator(truth, training=False)

    def _discriminator_loss(self, part, given):
        """The mean cross entropy of real and coloured pictures, over all patches."""
        real, fake = (
            self.discriminator([pictures, part["dropout"][:, index]], training=True)
            for index, pictures in enumerate(given)
        )
        loss = 0.5 * self._loss.discriminator(real, fake)
        return loss, {"d_loss": loss}

    def _feature_loss(self, part, _):
        """Mean absolute differences of the pixels and of a frozen network's maps."""
        truth = self._truth(part)
        return self._compared(self.generator(truth, training=True), truth)

    def _compared(self, made, truth):
        pixels = mean_difference(made, truth)
        maps = 0.0
        both = zip(self._maps(made), self._maps(truth), strict=True)
        for factor, (ours, theirs) in zip(perceptual.DEEP_MAPS.values(), both, strict=True):
            maps += factor * mean_difference(ours, theirs)
        loss = pixels + self.recipe.maps_weight * maps
        return loss, {"pixels": pixels / 2.0, "maps": maps}

    def _generator_loss(self, part, _):
        recipe, truth = self.recipe, self._truth(part)
        made = self.generator(truth, training=True)
        features, logs = self._compared(made, truth)
        unread = part["dropout"][:, 0]  # the judge of a generator drops nothing
        fooled = self._loss.generator(None, self.discriminator([made, unread], training=False))
        loss = recipe.adversarial_weight * fooled + recipe.feature_weight * features
        return loss, {**logs, "g_loss": fooled}

    def _is_fooled_seldom(self, logs):
        """Whether the discriminator is good enough for the generator to learn from it."""
        due = replicas.mean(logs["d_loss"]) < self.recipe.d_threshold
        logs["g_moves"] = ops.cast(due, "float32")
        return due

    # === What it tells of itself ===

    def sized(self, name):
        if name != "generator":
            return super().sized(name)
        with initializers.blank():
            return networks.generator(self.recipe, trained=False)

    def work(self):
        # Not counted: the frozen network that compares.
        judge = Work(kept={"discriminator": 2}, passes={"generator": 1, "discriminator": 6})
        if self.recipe.part == "discriminator":
            return [judge]
        if self.recipe.part == "features":
            return [Work(kept={"generator": 1}, passes={"generator": 3})]
        both = {"generator": 3, "discriminator": 2}
        return [judge, Work(kept={"generator": 1, "discriminator": 1}, passes=both)]

    def preview(self, data, rng, rows, columns):
        return preview(self.recipe, data["images"].images, rng, rows, columns)

    def judged(self, data, rng, count):
        images = data["images"].images
        chosen = chosen_rows(rng, len(images), count)
        grey = to_grey(np.asarray(images[chosen]))
        return Judged(
            lambda system: as_floats(system.colour(grey)),
            "images",
            {"weights": "ema", "made from": "grey copies"},
        )

    # === Use ===

    def colour(self, pictures: np.ndarray, ema: bool = True, batch_size: int = 16) -> np.ndarray:
        """Pictures uint8 (N, H, W, 3), grey or not → the same in colour, uint8 (N, H, W, 3).

        Args:
            ema: by the averaged generator, as one should, or by the one in training.
            batch_size: how many at a time.
        """
        network = self.output("colourer", averaged=ema)
        return np.stack(rendered(network, pictures, batch_size))


def mean_difference(x, y):
    """The mean absolute difference."""
    return ops.mean(ops.abs(x - y))
