"""The GAN: a generator and a discriminator that train each other."""

from typing import ClassVar

import keras
import numpy as np
from keras import ops

from layers import replicas
from layers.norm import batch_norms, mixes_batch
from models import (
    autodiff,
    generator_terms,
    latents,
    losses,
    networks,
    penalties,
    regularizers,
    sampling,
)
from models.outputs import Collapse, Judged, Output, Watched, Work
from models.players import Player, Turn
from models.system import System
from models.systems.gan import layout, preview
from models.systems.gan.recipe import GANRecipe


@keras.saving.register_keras_serializable(package="gan")
class GAN(System):
    """A generator and a discriminator; a training step is d turns of D, then one of G.

    `models.systems.gan.layout` describes the arrays of its batches.

    Args and errors: see `System`.
    """

    averaged = ("generator",)
    outputs: ClassVar = {"generator": Output("generate", "generator")}
    watched = Watched(
        line={"d_loss": "D {:.3f}", "g_loss": "G {:+.3f}", "d_zero_share": "D zero {:.0f} %"},
        curves={"d_loss": "discriminator", "g_loss": "generator"},
        share=("d_zero_share", "D's zero loss, %"),
        collapse=Collapse("d_zero_share", "g_loss"),
    )

    @classmethod
    def check(cls, recipe: GANRecipe) -> None:
        networks.check(recipe)
        losses.get(recipe.loss, recipe.label_smoothing)

    def build_networks(self):
        generator, discriminator = networks.pair(self.recipe)
        return {"generator": generator, "discriminator": discriminator}

    def add_state(self):
        if self.recipe.lecam_weight:  # moving averages of D's logits
            self.lecam_real, self.lecam_fake = (
                self.add_weight(name=name, shape=(), initializer="zeros", trainable=False)
                for name in ("lecam_real", "lecam_fake")
            )

    def players(self):
        return {
            "discriminator": Player([self.discriminator], self.recipe.d_learning_rate),
            "generator": Player([self.generator], self.recipe.g_learning_rate),
        }

    def turns(self):
        recipe = self.recipe
        self.loss_functions = losses.get(recipe.loss, recipe.label_smoothing)
        self.penalty = penalties.get(recipe.penalty)
        self.generator_term = generator_terms.get(recipe.g_term)
        self._features = generator_terms.feature_function(self.discriminator)
        # If reals and fakes share a batch, D can tell them apart by batch statistics and wins.
        self._one_call = not mixes_batch(self.discriminator)
        return [
            Turn(
                "discriminator",
                self._discriminator_loss,
                given=self._fakes,
                takes=self._for_discriminator,
                times=recipe.d_steps,
                after=self._clip_weights,
            ),
            Turn("generator", self._generator_loss, takes=self._for_generator),
        ]

    def average_of(self, network):
        """The weights, and batch norm's statistics if the recipe says so.

        Otherwise statistics are copied, like singular vectors: they belong to the newest weights.
        """
        means = network.trainable_variables
        if self.recipe.ema_statistics == "averaged":
            means = means + [each for norm in batch_norms(network) for each in norm.statistics]
        return means

    def call(self, inputs, training=None):
        """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1] of the averaged generator."""
        return self.ema_generator(inputs, training=training)

    # === The discriminator's turn ===

    def _for_discriminator(self, batch, index):
        return layout.discriminator_part(batch, self.recipe, index)

    def _fakes(self, part):
        return self.generator([part["latents"], part["fake_labels"]], training=True)

    def _discriminator_loss(self, part, fake):
        """The discriminator's loss on one micro-batch, with its logs."""
        real = layout.real_data(part)
        real_logits, fake_logits = self._judge(real, fake, part["labels"], part["fake_labels"])
        loss = self.loss_functions.discriminator(real_logits, fake_logits)
        logs = {
            "d_loss": loss,
            "d_real": ops.mean(real_logits),
            "d_fake": ops.mean(fake_logits),
        }
        if self.loss_functions.zero_share:
            logs["d_zero_share"] = self.loss_functions.zero_share(real_logits, fake_logits)
        if self.penalty:
            logs["penalty"] = self._penalty(part, real, fake)
            loss = loss + self._penalty_weight() * logs["penalty"]
        if self.recipe.lecam_weight:
            logs["lecam"] = self._lecam(real_logits, fake_logits)
            loss = loss + self.recipe.lecam_weight * logs["lecam"]
        return self._regularized(loss, logs, self.discriminator, self.recipe.d_orthogonal, "d")

    def _penalty(self, part, real, fake):
        """The bare penalty, a scalar: 0 in steps that have none."""
        step = penalties.DiscriminatorStep(
            lambda x, labels: self.discriminator([x, labels], training=True),
            lambda fn, x: autodiff.input_gradient(fn, x, self.state()),
            real,
            fake,
            part["labels"],
            part["fake_labels"],
            part["mix"],
        )
        every = self.recipe.penalty_every
        if every == 1:
            return self.penalty.function(step)
        due = ops.equal(ops.convert_to_tensor(self.steps_done) % every, 0)
        return ops.cond(due, lambda: self.penalty.function(step), lambda: ops.zeros(()))

    def _penalty_weight(self):
        """The present factor of the penalty, the greater the rarer it is."""
        recipe = self.recipe
        weight = recipe.penalty_weight
        if recipe.penalty_weight_end:
            weight = self.scheduled(weight, recipe.penalty_weight_end)
        return recipe.penalty_every * weight

    def _lecam(self, real_logits, fake_logits):
        """LeCam regularisation, 0 before it begins; moves the averages of the logits."""
        recipe, averages = self.recipe, []
        begun = ops.cast(ops.convert_to_tensor(self.steps_done) >= recipe.lecam_start, "float32")
        for variable, logits in ((self.lecam_real, real_logits), (self.lecam_fake, fake_logits)):
            mean = ops.stop_gradient(ops.mean(logits))
            kept = begun * recipe.lecam_decay  # until it begins they are this batch's
            averages.append(mean + kept * (ops.convert_to_tensor(variable) - mean))
            replicas.assign(variable, averages[-1])
        return begun * penalties.lecam(real_logits, fake_logits, *averages)

    def _clip_weights(self):
        """Clip all trained parameters of D to ± weight_clip (WGAN, algorithm 1, line 7)."""
        if bound := self.recipe.weight_clip:
            for variable in self.discriminator.trainable_variables:
                clipped = ops.clip(ops.convert_to_tensor(variable), -bound, bound)
                replicas.assign(variable, clipped)

    def _judge(self, real, fake, labels, fake_labels):
        """Logits of real and fake images, in one call of D if that gives the same result.

        They cover the whole batch, also if devices share it, and so do the losses.
        """
        if self._one_call:
            pictures = ops.concatenate([real, fake])
            both = self.discriminator(
                [pictures, ops.concatenate([labels, fake_labels])], training=True
            )
            count = ops.shape(real)[0]
            logits = [both[:count], both[count:]]
        else:
            logits = [
                self.discriminator([real, labels], training=True),
                self.discriminator([fake, fake_labels], training=True),
            ]
        return [replicas.gather(each) for each in logits]

    # === The generator's turn ===

    def _for_generator(self, batch, index):
        return layout.generator_part(batch, self.recipe, self._generator_needs_real())

    def _generator_needs_real(self):
        term = self.generator_term
        return self.loss_functions.needs_real or (term is not None and term.needs_real)

    def _generator_loss(self, part, _):
        """The generator's loss on one micro-batch, with its logs."""
        term = self.generator_term
        labels, real, real_labels = part["fake_labels"], None, None
        if term is not None and term.paired_labels:
            labels = generator_terms.share_labels(labels)
        if self._generator_needs_real():
            real, real_labels = layout.real_data(part), part["labels"]
        fake = self.generator([part["latents"], labels], training=True)
        loss, logs = 0.0, {}
        if self.recipe.g_loss_weight:
            loss = self.recipe.g_loss_weight * self._adversarial(fake, labels, real, real_labels)
        if term is not None:
            logs["g_term"] = term.function(
                generator_terms.GeneratorStep(
                    part["latents"], fake, labels, real, real_labels, self._features
                )
            )
            loss = loss + self.recipe.g_term_weight * logs["g_term"]
        logs["g_loss"] = loss
        return self._regularized(loss, logs, self.generator, self.recipe.g_orthogonal, "g")

    def _adversarial(self, fake, labels, real, real_labels):
        """The generator's adversarial loss, a scalar."""
        if not self.loss_functions.needs_real:
            fake_logits = replicas.gather(self.discriminator([fake, labels], training=True))
            return self.loss_functions.generator(None, fake_logits)
        return self.loss_functions.generator(*self._judge(real, fake, real_labels, labels))

    # === Both ===

    def _regularized(self, loss, logs, network, orthogonal, letter):
        """The loss and its logs with the recipe's regularisation of `network` added."""
        if orthogonal:
            overlap = regularizers.orthogonal(network)
            loss, logs = loss + orthogonal * overlap, {**logs, f"{letter}_overlap": overlap}
        if self.recipe.weight_decay:
            loss = loss + self.recipe.weight_decay * regularizers.half_square(network)
        return loss, logs

    # === Its description ===

    def work(self):
        recipe = self.recipe
        fakes, made = recipe.fakes_per_real, recipe.g_batch_factor
        judged = 1 + fakes
        slopes = self.penalty.slopes if self.penalty else 0
        penalty = 6 * slopes / recipe.penalty_every
        return [
            Work(
                kept={"discriminator": judged},
                passes={"generator": fakes, "discriminator": 3 * judged + penalty},
                times=recipe.d_steps,
            ),
            Work(
                kept={"generator": made, "discriminator": made},
                passes={"generator": 3 * made, "discriminator": 2 * made},
            ),
        ]

    def preview(self, data, rng, rows, columns):
        return preview.preview(self.recipe, data["images"].labels, rng, rows, columns)

    def judged(self, data, rng, count):
        recipe, images = self.recipe, data["images"]
        drawn = latents.sample(recipe.latent, count, recipe.latent_dim, rng)
        labels = None
        if recipe.conditional:
            labels = images.labels.values[rng.integers(len(images.images), size=count)]
        return Judged(
            lambda system: system.sample(drawn, labels),
            "images",
            {"weights": "ema", "truncation": 1.0, "statistics": "running"},
        )

    # === Sampling ===

    def sample(self, latents, labels=None, ema: bool = True, batch_size: int = 64) -> np.ndarray:
        """Pictures for `latents` (N, latent_dim): float32 (N, H, W, C) in [-1, 1].

        Args:
            labels: (N,) class indices or (N, num_labels) attributes; None without labels.
            ema: use the averaged generator (recommended), or the one in training.
            batch_size: pictures at a time.

        Raises:
            ValueError: labels for a network without labels, or missing labels.
        """
        return sampling.generate(
            self.ema_generator if ema else self.generator, latents, labels, batch_size
        )

    def draw_latents(self, count: int, seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        """`count` latents of the recipe's distribution, float32 (count, latent_dim)."""
        rng = np.random.Generator(np.random.Philox(seed))
        return latents.sample(self.recipe.latent, count, self.recipe.latent_dim, rng, truncation)
