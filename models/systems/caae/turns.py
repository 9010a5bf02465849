"""How a CAAE trains (Zhang et al. 2017, arXiv:1702.08423): two discriminators, then E with G."""

from typing import ClassVar

import numpy as np
from keras import ops

from models import losses, perceptual, sampling
from models.chance import chosen_rows
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats
from models.players import Player, Turn
from models.system import System
from models.systems.caae import networks
from models.systems.caae.preview import preview
from models.systems.caae.recipe import CAAERecipe

IDENTITY = "lite0_block3"  # the maps that the identity term compares


class CAAE(System):
    """An encoder E and a generator G that takes an age, D_z of codes and D_img of pictures.

    A batch holds images (B, 1, R, R, 3) uint8, their labels age (B, 1) int32 and perhaps one more,
    and prior (B, 1, latent_dim). Every picture is decoded at its own age alone: no pairs are
    needed, and the control of the age comes from the narrow code.

    Args and errors: see `System`.
    """

    averaged = ("encoder", "generator")
    outputs: ClassVar = {
        "ager": Output("age", "ager", "faces at another age"),
        "encoder": Output("encode", "encoder"),
    }
    watched = Watched(
        line={
            "error": "error {:.4f}",
            "d_code_loss": "D_z {:.3f}",
            "d_image_loss": "D_img {:.3f}",
        },
        curves={
            "error": "reconstruction",
            "identity": "identity",
            "d_code_loss": "D_z",
            "d_image_loss": "D_img",
            "code_loss": "E against D_z",
            "image_loss": "G against D_img",
        },
    )

    @classmethod
    def check(cls, recipe: CAAERecipe) -> None:
        if recipe.identity_weight:
            perceptual.check(IDENTITY)

    def build_networks(self):
        recipe = self.recipe
        made = {"encoder": networks.encoder(recipe), "generator": networks.generator(recipe)}
        if recipe.adversarial:
            made["code_discriminator"] = networks.code_discriminator(recipe)
            made["image_discriminator"] = networks.image_discriminator(recipe)
        return made

    def players(self):
        rate = self.recipe.learning_rate
        made = {"autoencoder": Player([self.encoder, self.generator], rate)}
        if self.recipe.adversarial:
            judges = [self.code_discriminator, self.image_discriminator]
            made["discriminators"] = Player(judges, rate)
        return made

    def turns(self):
        if self.recipe.identity_weight:
            self._maps = perceptual.content_map(IDENTITY, self.recipe.resolution)
        last = Turn("autoencoder", self._autoencoder_loss)
        if not self.recipe.adversarial:
            return [last]
        first = Turn("discriminators", self._discriminators_loss, given=self._codes_and_pictures)
        return [first, last]

    def output(self, name, averaged=True):
        """The network of output `name`; the ager consists of the encoder and the generator."""
        if name != "ager":
            return super().output(name, averaged)
        prefix = "ema_" if averaged else ""
        parts = [getattr(self, f"{prefix}{each}") for each in ("encoder", "generator")]
        return self.made_once(f"{prefix}{name}", lambda: networks.ager(*parts))

    # === The turns ===

    def _labels(self, part):
        return [part[name] for name in self.recipe.conditions]

    def _codes_and_pictures(self, part):
        """E(x) and G(E(x), l) of a part's pictures x and their own labels l."""
        codes = self.encoder(as_floats(part["images"]), training=True)
        return codes, self.generator([codes, *self._labels(part)], training=True)

    def _discriminators_loss(self, part, given):
        """The discriminators' side of equations 2 and 4: cross entropy."""
        codes, made = given
        labels = self._labels(part)
        judged = lambda x: self.image_discriminator([x, *labels], training=True)  # noqa: E731
        code = losses.cross_entropy_discriminator(
            self.code_discriminator(part["prior"], training=True),
            self.code_discriminator(codes, training=True),
        )
        image = losses.cross_entropy_discriminator(judged(as_floats(part["images"])), judged(made))
        return code + image, {"d_code_loss": code, "d_image_loss": image}

    def _autoencoder_loss(self, part, _):
        """Equation 6, the side of E and G, in the recipe's form."""
        recipe, x = self.recipe, as_floats(part["images"])
        codes, made = self._codes_and_pictures(part)
        released = recipe.form == "released"
        error = ops.mean(ops.abs(x - made) if released else ops.square(x - made))
        loss, logs = error, {"error": error}
        if recipe.variation_weight:
            loss = loss + recipe.variation_weight * total_variation(made)
        if recipe.identity_weight:
            logs["identity"] = ops.mean(ops.square(self._maps(made) - self._maps(x)))
            loss = loss + recipe.identity_weight * logs["identity"]
        if recipe.adversarial:
            judged = self.code_discriminator(codes, training=True)
            logs["code_loss"] = losses.non_saturating_generator(None, judged)
            judged = self.image_discriminator([made, *self._labels(part)], training=True)
            logs["image_loss"] = losses.non_saturating_generator(None, judged)
            # The log of a term without weight says what it would be; it gets no gradient.
            for name, weight in (("code", recipe.code_weight), ("image", recipe.image_weight)):
                loss = loss + weight * logs[f"{name}_loss"] if weight else loss
        return loss, logs

    # === Its description ===

    def work(self):
        # Not counted: D_z, which is tiny, and the frozen network that compares.
        both, judge = ("encoder", "generator"), "image_discriminator"
        if not self.recipe.adversarial:
            return [Work(kept=dict.fromkeys(both, 1), passes=dict.fromkeys(both, 3))]
        return [
            Work(kept={judge: 2}, passes={**dict.fromkeys(both, 1), judge: 6}),
            Work(kept=dict.fromkeys((*both, judge), 1),
                 passes={**dict.fromkeys(both, 3), judge: 2}),
        ]  # fmt: skip

    def preview(self, data, rng, rows, columns):
        return preview(self.recipe, data["images"], rng, rows)

    def judged(self, data, rng, count):
        images, labels = data["images"].images, data["images"].labels.values
        chosen = chosen_rows(rng, len(images), count)
        asked = labels[rng.integers(len(labels), size=len(chosen))]
        return Judged(
            lambda system: system.age(np.asarray(images[chosen]), asked),
            "images",
            {"weights": "ema", "made from": "pictures at labels of others, chosen by seed"},
        )

    # === Use ===

    def age(
        self, pictures: np.ndarray, labels: np.ndarray, ema: bool = True, batch_size: int = 64
    ) -> np.ndarray:
        """Pictures (N, R, R, 3) with other labels: float32 (N, R, R, 3) in [-1, 1].

        Args:
            pictures: uint8, or float in [-1, 1].
            labels: multi-hot (N, num_labels), as in the data.
            ema: by the averaged networks, as one should, or by those in training.
            batch_size: how many at a time.
        """
        classes = self.recipe.classes(labels)
        return sampling.relabel(self.output("ager", averaged=ema), pictures, classes, batch_size)


def total_variation(x):
    """The sum of squared steps between neighbours, halved and divided by R: as the code has it.

    x (N, R, R, 3) → a scalar, the mean over pictures.
    """
    down, across = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    both = ops.sum(ops.square(down), axis=(1, 2, 3)) + ops.sum(ops.square(across), axis=(1, 2, 3))
    return ops.mean(both) / (2.0 * x.shape[1])
