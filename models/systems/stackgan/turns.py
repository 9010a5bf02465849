"""How a StackGAN trains (Zhang et al. 2017, arXiv:1612.03242): Stage I, then Stage II on it."""

import types
from typing import ClassVar

import numpy as np
from keras import ops

from models import copies, losses, sampling
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats
from models.players import Player, Turn
from models.resizing import averaged
from models.system import System
from models.systems.stackgan import networks
from models.systems.stackgan.preview import preview


class StackGAN(System):
    """Two generators of captions; the second makes large pictures of the first's small ones.

    A batch holds images (B, 1, R, R, 3) uint8, the vectors of a caption of each, text (B, 1, T),
    and of one that is wrong of it, wrong (B, 1, T), and latents (B, 2, latent_dim). Discriminators
    see real pictures with the right and with the wrong text, and fakes. In the second phase Stage I
    is its average, at inference, and stays as it is.

    Args and errors: see `System`.
    """

    outputs: ClassVar = {
        "generator": Output("generate", "stage_2"),
        "stage_1": Output("generate", "stage_1", "Stage I"),
    }
    watched = Watched(
        line={"d_loss": "D {:.3f}", "g_loss": "G {:.3f}", "divergence": "KL {:.2f}"},
        curves={
            "d_loss": "discriminator",
            "d_wrong": "its loss on wrong captions",
            "g_loss": "generator",
        },
    )

    @property
    def averaged(self) -> tuple[str, ...]:  # type: ignore[override]
        """The generator that the phase trains."""
        return (self._trained,)

    @property
    def _trained(self) -> str:
        return "stage_2" if self.recipe.second else "stage_1"

    def build_networks(self):
        made = {"stage_1": networks.first_generator(self.recipe)}
        if self.recipe.second:
            made["stage_2"] = networks.second_generator(self.recipe)
        stage = 2 if self.recipe.second else 1
        made["discriminator"] = networks.discriminator(self.recipe, stage)
        return made

    def take_over(self, previous: System) -> None:
        """Begin Stage II on the average of Stage I's generator.

        The discriminator begins anew: for larger pictures it has other layers.
        """
        super().take_over(previous)
        average = previous.networks["ema_stage_1"]
        copies.copy_values(average.variables, self.stage_1.variables)

    def players(self):
        rate, trained = self.recipe.learning_rate, getattr(self, self._trained)
        return {
            "discriminator": Player([self.discriminator], rate),
            "generator": Player([trained], rate),
        }

    # === The turns ===

    def turns(self):
        # Hidden from Keras, as in `System`.
        self._halves = types.MappingProxyType(networks.halves(self.discriminator))
        return [
            Turn("discriminator", self._discriminator_loss, given=self._fakes),
            Turn("generator", self._generator_loss, takes=self._for_generator),
        ]

    def _for_generator(self, batch, index):
        return {"latents": batch["latents"][:, 1], "text": batch["text"][:, 0]}

    def _made_of(self, part):
        """The phase's pictures of a part's latents and text, and the moments of its conditions."""
        given = [part["latents"], part["text"]]
        if not self.recipe.second:
            return self.stage_1(given, training=True)
        small, _ = self.stage_1(given, training=False)
        return self.stage_2([*given, ops.stop_gradient(small)], training=True)

    def _fakes(self, part):
        return self._made_of(part)[0]

    def _discriminator_loss(self, part, fake):
        """Real with its text against, in equal parts, real with a wrong text and fake."""
        real = as_floats(part["images"])
        real = real if self.recipe.second else averaged(real, self.recipe.ratio)
        eye, judge = self._halves.values()
        seen = eye(real, training=True)
        right, wrong = (judge([seen, part[each]], training=True) for each in ("text", "wrong"))
        made = self.discriminator([fake, part["text"]], training=True)
        on_wrong, on_fake = (losses.cross_entropy(each, 0.0) for each in (wrong, made))
        loss = losses.cross_entropy(right, 1.0) + 0.5 * (on_wrong + on_fake)
        return loss, {"d_loss": loss, "d_wrong": on_wrong}

    def _generator_loss(self, part, _):
        recipe = self.recipe
        made, moments = self._made_of(part)
        fooled = losses.cross_entropy(self.discriminator([made, part["text"]], training=True), 1.0)
        found = divergence(moments, recipe.kl_form)
        loss = fooled + recipe.kl_weight * found if recipe.augmentation else fooled
        return loss, {"g_loss": fooled, "divergence": found}

    # === Its description ===

    def work(self):
        trained = self._trained
        frozen = {"stage_1": 1} if self.recipe.second else {}
        return [
            # Real pictures are seen once for both texts; judging them by each is little beside it.
            Work(kept={"discriminator": 2}, passes={**frozen, trained: 1, "discriminator": 6}),
            Work(
                kept={trained: 1, "discriminator": 1},
                passes={**frozen, trained: 3, "discriminator": 2},
            ),
        ]

    def preview(self, data, rng, rows, columns):
        return preview(self, data["images"], rng, rows, columns)

    def judged(self, data, rng, count):
        recipe = self.recipe
        drawn = rng.standard_normal((count, recipe.latent_dim), dtype=np.float32)
        text = data["images"].sentences(1).draw(count, rng)
        return Judged(
            lambda system: system.sample(drawn, text),
            "images",
            {"weights": "ema", "truncation": 1.0, "made from": "captions of the data"},
        )

    # === Use ===

    def output(self, name, averaged=True):
        """[latents, text] → pictures of the full size, by both stages or, "stage_1", the first."""
        second = name == "generator" and self.recipe.second
        prefix = "ema_" if averaged else ""
        first = self.stage_1 if self.recipe.second else getattr(self, f"{prefix}stage_1")
        last = getattr(self, f"{prefix}stage_2") if second else None
        return self.made_once(
            f"{prefix}{name}", lambda: networks.generator(self.recipe, first, last)
        )

    def sample(
        self, latents: np.ndarray, text: np.ndarray, ema: bool = True, batch_size: int = 64,
        network: str = "generator",
    ) -> np.ndarray:  # fmt: skip
        """Pictures (N, R, R, 3) float32 in [-1, 1] of latents (N, latent_dim), text (N, text_dim).

        Args:
            ema: by the averaged generator (recommended), or by the one in training.
            batch_size: pictures at a time.
            network: "generator", or "stage_1" for Stage I's, enlarged.
        """
        return sampling.generate(self.output(network, ema), latents, text, batch_size)


def divergence(moments, form: str):
    """KL(N(μ, σ²) ‖ N(0, 1)) of moments (N, 2·C), μ then log σ: its mean over pictures.

    Over the C numbers it is the sum, `form` "sum" (section 3.2), or the mean, as in the code.
    """
    mean, log_sigma = ops.split(ops.cast(moments, "float32"), 2, axis=-1)
    each = 0.5 * (ops.square(mean) + ops.exp(2.0 * log_sigma) - 1.0) - log_sigma
    return ops.mean(ops.sum(each, axis=-1) if form == "sum" else each)
