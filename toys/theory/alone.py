"""A discriminator that is trained alone, between two distributions that stay as they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras import ops

from models import autodiff
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from toys import training as toy

BATCH = 256
Sampler = Callable[[int, np.random.Generator], np.ndarray]


class DiscriminatorAlone:
    """The discriminator of a recipe for points, by the recipe's own loss, penalty and clipping.

    Args:
        real, fake: (count, rng) → points (count, dim).
    """

    def __init__(self, recipe: GANRecipe, real: Sampler, fake: Sampler, seed: int) -> None:
        self.gan = GAN(recipe, seed=seed)
        self._turn = self.gan.turns()[0]
        self._real, self._fake = real, fake
        self._rng = np.random.Generator(np.random.Philox(key=[seed, 6]))
        self.step = 0

    def train(self, until: int) -> None:
        """Train up to that step."""
        variables = self.gan.discriminator.trainable_variables
        optimizer = self.gan.optimizer_of("discriminator")
        while self.step < until:
            part, fake = self._batch()

            def loss(part=part, fake=fake):
                return self._turn.loss(part, (fake,))

            _, gradients = autodiff.value_and_grad(loss, variables, self.gan.state())
            optimizer.apply(gradients, variables)
            self._turn.after()
            self.step += 1

    def _batch(self) -> tuple[dict, object]:
        labels = ops.zeros((BATCH,), "int32")
        part = {
            "images": ops.convert_to_tensor(self._real(BATCH, self._rng)),
            "labels": labels,
            "fake_labels": labels,
            "mix": ops.convert_to_tensor(self._rng.random(BATCH, dtype="float32")),
        }
        return part, ops.convert_to_tensor(self._fake(BATCH, self._rng))

    def logits(self, points: np.ndarray) -> np.ndarray:
        """D's answers to points (N, dim): float64 (N,)."""
        return toy.logits(self.gan, points).astype("float64")

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """The gradient of D's answers by points (N, dim): float64 (N, dim)."""
        points = ops.convert_to_tensor(np.asarray(points, "float32"))
        labels = ops.zeros((len(points),), "int32")
        found = autodiff.input_gradient(
            lambda x: self.gan.discriminator([x, labels]), points, self.gan.state()
        )
        return np.asarray(ops.convert_to_numpy(found), "float64")
