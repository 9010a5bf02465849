"""The GAN: a generator and a discriminator that train each other."""

from typing import ClassVar

import numpy as np
from keras import ops

from layers import replicas
from layers.norm import batch_norms
from models import (
    autodiff,
    generator_terms,
    latents,
    losses,
    networks,
    penalties,
    regularizers,
    sampling,
    transfer,
)
from models.augmentation.augmented import Augmented, ceilings
from models.outputs import Collapse, Judged, Output, Watched
from models.players import Player, Turn
from models.system import System
from models.systems.gan import answers, cost, layout, preview
from models.systems.gan.discriminator_terms import DiscriminatorTerms
from models.systems.gan.recipe import GANRecipe


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
        ceilings=ceilings("--lecam-weight 0.3, a lower --d-learning-rate"),
    )

    @classmethod
    def check(cls, recipe: GANRecipe) -> None:
        networks.check(recipe)
        losses.get(recipe.loss, recipe.label_smoothing)

    def build_networks(self):
        generator, discriminator = networks.pair(self.recipe)
        if self.recipe.freeze_d:
            transfer.freeze(discriminator, self.recipe.freeze_d)
        return {"generator": generator, "discriminator": discriminator}

    def add_state(self):
        self.augmented = Augmented(self)
        self.discriminator_terms = DiscriminatorTerms(self)

    def players(self):
        return {
            "discriminator": Player([self.discriminator], self.recipe.d_learning_rate),
            "generator": Player([self.generator], self.recipe.g_learning_rate),
        }

    def turns(self):
        recipe = self.recipe
        self.loss_functions = losses.get(recipe.loss, recipe.label_smoothing)
        self.generator_term = generator_terms.get(recipe.g_term)
        self._features = generator_terms.feature_function(self.discriminator)
        self.answers = answers.Answers(self)
        return [
            Turn(
                "discriminator",
                self._discriminator_loss,
                given=self._fakes,
                takes=self._for_discriminator,
                times=recipe.d_steps,
                after=self._after_discriminator,
            ),
            Turn(
                "generator",
                self._generator_loss,
                takes=self._for_generator,
                after=self.augmented.adapt,
            ),
        ]

    def average_of(self, network):
        """The weights, and batch norm's statistics if the recipe says so.

        Otherwise statistics are copied, like singular vectors: they belong to the newest weights.
        """
        means = network.trainable_variables
        if self.recipe.ema_statistics == "averaged":
            means = means + [each for norm in batch_norms(network) for each in norm.statistics]
        return means

    # === The discriminator's turn ===

    def _for_discriminator(self, batch, index):
        return layout.discriminator_part(batch, self.recipe, index)

    def _fakes(self, part):
        """The fakes, and with APA those that stand among the reals."""
        fake = self.generator([part["latents"], part["fake_labels"]], training=True)
        if "pseudo_gate" not in part:
            return (fake,)
        return fake, self.generator([part["pseudo_latents"], part["labels"]], training=True)

    def _of_reals(self, part):
        """Labels of a part's reals, and the numbers of their augmentation."""
        return part["labels"], part.get("augment_real")

    def _of_fakes(self, part):
        """The same of its fakes."""
        return part["fake_labels"], part.get("augment_fake")

    def _discriminator_loss(self, part, given):
        """The discriminator's loss on one micro-batch, with its logs."""
        fake, *pseudo = given
        real = self.augmented.reals(part, layout.real_data(part), *pseudo)
        of_real, of_fake = self.answers.to_both(
            (real, *self._of_reals(part)),
            (fake, *self._of_fakes(part)),
            drawn=True,
            slopes=self.discriminator_terms.slopes,
        )
        real_logits, fake_logits = of_real.logits, of_fake.logits
        self.augmented.hear(real_logits)
        judged = _by_margins(real_logits, fake_logits, layout.margins(part))
        loss = self.loss_functions.discriminator(*judged)
        logs = {
            "d_loss": loss,
            "d_real": ops.mean(real_logits),
            "d_fake": ops.mean(fake_logits),
        }
        if self.loss_functions.zero_share:
            logs["d_zero_share"] = self.loss_functions.zero_share(*judged)
        logs |= self.augmented.logs()
        loss = self.discriminator_terms.add(
            loss,
            logs,
            self._step_of(part, real, fake, of_real.gradient, of_fake.gradient),
            (of_real, of_fake),
        )
        return self._regularized(loss, logs, self.discriminator, self.recipe.d_orthogonal, "d")

    def _step_of(self, part, real, fake, real_gradient, fake_gradient):
        """What a penalty is computed from. Slopes are taken before the augmentation."""
        return penalties.DiscriminatorStep(
            lambda x, its: self.answers.logit(x, *its),
            lambda fn, x: autodiff.input_gradient(fn, x, self.state()),
            real,
            fake,
            self._of_reals(part),
            self._of_fakes(part),
            part["mix"],
            part.get("perturbation"),
            real_gradient,
            fake_gradient,
        )

    def _after_discriminator(self):
        """Clip D's weights to ± weight_clip (WGAN, algorithm 1, line 7)."""
        if bound := self.recipe.weight_clip:
            for variable in self.discriminator.trainable_variables:
                clipped = ops.clip(ops.convert_to_tensor(variable), -bound, bound)
                replicas.assign(variable, clipped)

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
            loss = self._adversarial(part, fake, labels, real, logs)
        if term is not None:
            seen = real_seen = None
            if term.needs_real:
                see = self.augmented.see
                seen = see(fake, part.get("augment_fake"))
                real_seen = see(real, part.get("augment_real"))
            logs["g_term"] = term.function(
                generator_terms.GeneratorStep(
                    part["latents"], fake, seen, labels, real_seen, real_labels, self._features
                )
            )
            loss = loss + self.recipe.g_term_weight * logs["g_term"]
        logs["g_loss"] = loss
        return self._regularized(loss, logs, self.generator, self.recipe.g_orthogonal, "g")

    def _adversarial(self, part, fake, labels, real, logs):
        """What D's answer adds to the generator's loss, a scalar."""
        recipe, reals = self.recipe, None
        fakes = (fake, labels, part.get("augment_fake"))
        if self.loss_functions.needs_real:
            reals, of_fakes = self.answers.to_both((real, *self._of_reals(part)), fakes)
        else:
            of_fakes = self.answers.to(*fakes)
        loss = recipe.g_loss_weight * self.loss_functions.generator(
            reals and reals.logits, of_fakes.logits
        )
        if recipe.classifies and recipe.g_classifier_weight:
            logs["g_classifier"] = answers.classification(of_fakes)
            loss = loss + recipe.g_classifier_weight * logs["g_classifier"]
        return loss

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
        return cost.work(self)

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

    def augmented_pictures(self, pictures, rng):
        return self.augmented.shown(pictures, rng)

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


def _by_margins(real, fake, margins):
    """Logits whose hinge loss with a margin of 1 is theirs with `margins`: max(0, m ∓ logit)."""
    if margins is None:
        return real, fake
    of_real, of_fake = (replicas.gather(each) for each in margins)  # as the logits are
    return real + (1.0 - of_real), fake - (1.0 - of_fake)
