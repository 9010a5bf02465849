"""How a growing GAN trains (Karras et al. 2018, arXiv:1710.10196)."""

import types
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from layers import Repeat2D, replicas
from models import autodiff, copies, latents, losses, penalties, sampling
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats
from models.players import Player, Turn
from models.resizing import averaged, repeated
from models.system import System
from models.systems.gan.preview import preview
from models.systems.pggan import networks


@keras.saving.register_keras_serializable(package="gan")
class PGGAN(System):
    """A generator and a discriminator of the phase's size; a step is a turn of D, then one of G.

    A batch holds images (B, 1, R, R, 3) uint8 of the full resolution, which are shrunk to the
    phase's size; latents (B, 2, latent_dim) for the fakes of both turns; and mix (B, 1) for the
    penalty's points between real and fake. While a size fades in, α grows from 0 in even steps.

    Args and errors: see `System`.
    """

    averaged = ("generator",)
    outputs: ClassVar = {"generator": Output("generate", "generator")}
    watched = Watched(
        line={"d_loss": "D {:.3f}", "g_loss": "G {:+.3f}", "alpha": "α {:.2f}"},
        curves={"d_loss": "discriminator", "g_loss": "generator", "penalty": "penalty"},
    )

    def build_networks(self):
        return {
            "generator": networks.generator(self.recipe),
            "discriminator": networks.discriminator(self.recipe),
        }

    def players(self):
        rate = self.recipe.learning_rate
        return {name: Player([getattr(self, name)], rate) for name in self.network_names}

    def turns(self):
        self._loss, self._penalty = losses.get("wasserstein"), penalties.get("gradient")
        self._enlarged = types.SimpleNamespace()  # hidden from Keras
        return [
            Turn("discriminator", self._discriminator_loss, given=self._fakes),
            Turn("generator", self._generator_loss, takes=self._for_generator),
        ]

    def before_step(self):
        """Set α: the steps done in this phase over all of its steps."""
        if not self.recipe.fading:
            return
        first, last = self.whole_recipe.phase_steps(self.phase)
        done = ops.cast(ops.convert_to_tensor(self.steps_done), "float32") - first
        for network in (self.generator, self.discriminator):
            replicas.assign(network.get_layer("fade").alpha, done / (last - first))

    def take_over(self, previous):
        """Copy the weights of all layers that both sizes have, by their names."""
        super().take_over(previous)
        for name, network in self.networks.items():
            known = {v.path: v for v in previous.networks[name].variables}
            both = [v for v in network.variables if v.path in known]
            copies.copy_values([known[v.path] for v in both], both)

    def call(self, inputs, training=None):
        """[z (N, latent_dim), y] → images of the phase's size by the averaged generator."""
        return self.ema_generator(inputs, training=training)

    # === The turns ===

    def _reals(self, part):
        """The pictures in the phase's size; faded in like the generator's.

        While a size fades in, they are a mixture with those of half the size.
        """
        large = averaged(as_floats(part["images"]), 1 << self.recipe.halvings)
        if not self.recipe.fading:
            return large
        small = repeated(averaged(large, 2), 2)
        alpha = ops.convert_to_tensor(self.discriminator.get_layer("fade").alpha)
        return small + alpha * (large - small)

    def _make(self, z):
        return self.generator([z, ops.zeros(ops.shape(z)[:1], "int32")], training=True)

    def _fakes(self, part):
        return self._make(part["latents"])

    def _discriminator_loss(self, part, fake):
        """Wasserstein, the gradient penalty, and the drift: the scores must not wander off."""
        recipe, real = self.recipe, self._reals(part)
        scores = [self.discriminator(each, training=True) for each in (real, fake)]
        loss = self._loss.discriminator(*scores)
        penalty = self._penalty.function(
            lambda x: self.discriminator(x, training=True),
            lambda fn, x: autodiff.input_gradient(fn, x, self.state()),
            real,
            fake,
            part["mix"],
        )
        drift = ops.mean(ops.square(scores[0]))
        logs = {"d_loss": loss, "penalty": penalty, "d_real": ops.mean(scores[0])}
        return loss + recipe.penalty_weight * penalty + recipe.drift * drift, logs

    def _for_generator(self, batch, index):
        return {"latents": batch["latents"][:, -1]}

    def _generator_loss(self, part, _):
        made = self._make(part["latents"])
        loss = self._loss.generator(None, self.discriminator(made, training=True))
        return loss, {"g_loss": loss, "alpha": self._alpha()}

    def _alpha(self):
        if not self.recipe.fading:
            return ops.ones(())
        return ops.convert_to_tensor(self.generator.get_layer("fade").alpha)

    # === Its description ===

    def work(self):
        return [
            Work(kept={"discriminator": 2}, passes={"generator": 1, "discriminator": 12}),
            Work(
                kept={"generator": 1, "discriminator": 1},
                passes={"generator": 3, "discriminator": 2},
            ),
        ]

    def preview(self, data, rng, rows, columns):
        return preview(self.recipe, None, rng, rows, columns)

    def judged(self, data, rng, count):
        recipe = self.recipe
        drawn = latents.sample(recipe.latent, count, recipe.latent_dim, rng)
        return Judged(
            lambda system: system.sample(drawn),
            "images",
            {"weights": "ema", "truncation": 1.0, "statistics": "running"},
        )

    # === Use ===

    def output(self, name, averaged=True):
        """The generator; of a size that has not grown up, its pictures repeated to the full one."""
        network = super().output(name, averaged)
        if not self.recipe.halvings:
            return network
        known = vars(self._enlarged)
        if (key := str(id(network))) not in known:
            x = network.outputs[0]
            for number in range(self.recipe.halvings):
                x = Repeat2D(dtype="float32", name=f"grown_{number}")(x)
            known[key] = keras.Model(network.inputs, x, name="generator")
            known[key].jit_compile = self.jit_compile
        return known[key]

    def sample(self, latents, labels=None, ema: bool = True, batch_size: int = 64) -> np.ndarray:
        """Pictures for `latents` (N, latent_dim): float32 (N, R, R, 3), about in [-1, 1].

        Args:
            labels: none: these networks take no labels.
            ema: use the averaged generator (recommended), or the one in training.
            batch_size: pictures at a time.
        """
        return sampling.generate(self.output("generator", ema), latents, labels, batch_size)
