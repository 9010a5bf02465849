"""What growing GANs share: the fade from size to size, pictures of the phase's size, their use."""

import keras
import numpy as np
from keras import ops

from layers import Repeat2D, replicas
from models import autodiff, copies, latents, losses, penalties, sampling
from models.augmentation.augmented import Augmented
from models.growing.recipe import GrowingRecipe
from models.outputs import Judged, Preview
from models.pixels import as_floats
from models.players import Turn
from models.resizing import averaged, repeated
from models.system import System


class Growing(System):
    """A system whose networks have the size of the phase, with the same layers as the smaller ones.

    `faded` lists the networks that have a layer "fade" while a new size fades in; `drawn` the
    random numbers of fakes in a batch, (B, columns, …), the last column for the generator's turn.
    `loss_name`: of `models.losses`; `penalty_name`: of `models.penalties`. A batch holds
    images (B, 1, R, R, 3) uint8 of the full resolution, which are shrunk to the phase's size; what
    the subclass draws; with an augmentation what `AugmentationFields` lists. While a size fades in,
    α grows from 0 in even steps.

    Args and errors: see `System`.
    """

    recipe: GrowingRecipe
    faded: tuple[str, ...] = ("generator", "discriminator")
    drawn: tuple[str, ...] = ("latents",)
    loss_name: str
    penalty_name: str

    def add_state(self) -> None:
        self.augmented = Augmented(self)

    def before_step(self) -> None:
        """Set α: the steps done in this phase over all of its steps."""
        if not self.recipe.fading:
            return
        first, last = self.whole_recipe.phase_steps(self.phase)
        done = ops.cast(ops.convert_to_tensor(self.steps_done), "float32") - first
        for name in self.faded:
            alpha = self.networks[name].get_layer("fade").alpha
            replicas.assign(alpha, done / (last - first))

    def take_over(self, previous: System) -> None:
        """Copy the weights of all layers that both sizes have, by their names."""
        super().take_over(previous)
        for name, network in self.networks.items():
            known = {v.path: v for v in previous.networks[name].variables}
            both = [v for v in network.variables if v.path in known]
            copies.copy_values([known[v.path] for v in both], both)

    # === The turns: one of the discriminator, then one of the generator ===

    def turns(self):
        self._loss, self._penalty = losses.get(self.loss_name), penalties.get(self.penalty_name)
        return [
            Turn("discriminator", self._discriminator_loss, given=self._given),
            Turn(
                "generator",
                self._generator_loss,
                takes=self._for_generator,
                after=self.augmented.adapt,
            ),
        ]

    def fakes(self, part):
        """Pictures (B, S, S, 3) of a part's random numbers, S the phase's side."""
        raise NotImplementedError

    def further(self, real_scores):
        """What is added to the discriminator's loss, from the scores (B, 1) of real pictures."""
        return 0.0

    def _given(self, part):
        """The fakes, and with APA those that stand among the reals."""
        if "pseudo_gate" not in part:
            return (self.fakes(part),)
        pseudo = {name: part[f"pseudo_{name}"] for name in self.drawn}
        return self.fakes(part), self.fakes(pseudo)

    def _discriminator_loss(self, part, given):
        """The loss, the penalty, and what is `further` added. Slopes are before augmentation."""
        fake, *pseudo = given
        numbers = [part.get(f"augment_{kind}") for kind in ("real", "fake")]
        real = self.augmented.reals(part, self.reals(part), *pseudo)
        of_real, gradient = self._answer_to_reals(real, numbers[0])
        of_fake = self._judge(fake, numbers[1])
        self.augmented.hear(of_real)
        loss = self._loss.discriminator(of_real, of_fake)
        penalty = self._penalty.function(
            penalties.DiscriminatorStep(
                self._judge,
                lambda fn, x: autodiff.input_gradient(fn, x, self.state()),
                real,
                fake,
                *numbers,
                mix=part.get("mix"),
                real_gradient=gradient,
            )
        )
        logs = {"d_loss": loss, "penalty": penalty, "d_real": ops.mean(of_real)}
        logs |= self.augmented.logs()
        total = loss + self.recipe.penalty_weight * penalty + self.further(of_real)
        return total, logs

    def _judge(self, pictures, numbers):
        """Scores (B, 1) of pictures, augmented by their numbers."""
        return self.discriminator(self.augmented.see(pictures, numbers), training=True)

    def _answer_to_reals(self, real, numbers):
        """Scores (B, 1), and their gradient by the pictures if the penalty takes no other."""
        if self._penalty.at != ("real",):
            return self._judge(real, numbers), None
        both = lambda x: (self._judge(x, numbers),) * 2  # noqa: E731
        return autodiff.answer_and_gradient(both, real, self.state())

    def _for_generator(self, batch, index):
        taken = (*self.drawn, "augment_fake")
        return {name: batch[name][:, -1] for name in taken if name in batch}

    def _generator_loss(self, part, _):
        of_fake = self._judge(self.fakes(part), part.get("augment_fake"))
        loss = self._loss.generator(None, of_fake)
        return loss, {"g_loss": loss, "alpha": self.alpha()}

    def reals(self, part):
        """The pictures in the phase's size; faded in like the generator's.

        While a size fades in, they are a mixture with those of half the size.
        """
        large = averaged(as_floats(part["images"]), 1 << self.recipe.halvings)
        if not self.recipe.fading:
            return large
        small = repeated(averaged(large, 2), 2)
        return small + self.alpha() * (large - small)

    def alpha(self):
        """How far the phase's size has faded in, 0 to 1; 1 in a stable phase."""
        if not self.recipe.fading:
            return ops.ones(())
        return ops.convert_to_tensor(self.discriminator.get_layer("fade").alpha)

    # === Its description ===

    def preview(self, data, rng, rows, columns):
        recipe = self.recipe
        drawn = latents.sample(recipe.latent, rows * columns, recipe.latent_dim, rng)
        return Preview(lambda system: system.sample(drawn), columns)

    def judged(self, data, rng, count):
        recipe = self.recipe
        drawn = latents.sample(recipe.latent, count, recipe.latent_dim, rng)
        return Judged(
            lambda system: system.sample(drawn),
            "images",
            {"weights": "ema", "truncation": 1.0, "statistics": "running"},
        )

    def augmented_pictures(self, pictures, rng):
        return self.augmented.shown(pictures, rng)

    # === Use ===

    def at_full_size(self, network: keras.Model) -> keras.Model:
        """A generator whose pictures are repeated to the full size, if it has not grown up yet."""
        if not self.recipe.halvings:
            return network

        def grown():
            x = network.outputs[0]
            for number in range(self.recipe.halvings):
                x = Repeat2D(dtype="float32", name=f"grown_{number}")(x)
            return keras.Model(network.inputs, x, name="generator")

        return self.made_once(f"grown {id(network)}", grown)

    def sample(self, latents, labels=None, ema: bool = True, batch_size: int = 64) -> np.ndarray:
        """Pictures for `latents` (N, latent_dim): float32 (N, R, R, 3), about in [-1, 1].

        Args:
            labels: none: these networks take no labels.
            ema: use the averaged generator (recommended), or the one in training.
            batch_size: pictures at a time.
        """
        return sampling.generate(self.output("generator", ema), latents, labels, batch_size)
