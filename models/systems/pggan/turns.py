"""How a growing GAN trains (Karras et al. 2018, arXiv:1710.10196)."""

from typing import ClassVar

from keras import ops

from models.augmentation.augmented import ceilings
from models.growing.turns import Growing
from models.outputs import Output, Watched, Work
from models.players import Player
from models.systems.pggan import networks


class PGGAN(Growing):
    """A generator and a discriminator of the phase's size; a step is a turn of D, then one of G.

    A batch holds images, see `Growing`; latents (B, 2, latent_dim) for the fakes of both turns; and
    mix (B, 1) for the penalty's points between real and fake.

    Args and errors: see `System`.
    """

    averaged = ("generator",)
    loss_name, penalty_name = "wasserstein", "gradient"
    outputs: ClassVar = {"generator": Output("generate", "generator")}
    watched = Watched(
        line={"d_loss": "D {:.3f}", "g_loss": "G {:+.3f}", "alpha": "α {:.2f}"},
        curves={"d_loss": "discriminator", "g_loss": "generator", "penalty": "penalty"},
        ceilings=ceilings("a lower --learning-rate"),
    )

    def build_networks(self):
        return {
            "generator": networks.generator(self.recipe),
            "discriminator": networks.discriminator(self.recipe),
        }

    def players(self):
        rate = self.recipe.rate
        return {name: Player([getattr(self, name)], rate) for name in self.network_names}

    # === The turns ===

    def fakes(self, part):
        z = part["latents"]
        return self.generator([z, ops.zeros(ops.shape(z)[:1], "int32")], training=True)

    def further(self, real_scores):
        """The drift: the scores must not wander off."""
        return self.recipe.drift * ops.mean(ops.square(real_scores))

    # === Its description ===

    def work(self):
        pseudo = self.recipe.pseudo_fakes
        return [
            Work(
                kept={"discriminator": 4},  # the penalty's points go there and back once more
                passes={"generator": 1 + pseudo, "discriminator": 12},
            ),
            Work(
                kept={"generator": 1, "discriminator": 1},
                passes={"generator": 3, "discriminator": 2},
            ),
        ]

    # === Use ===

    def output(self, name, averaged=True):
        """The generator, at full size."""
        return self.at_full_size(super().output(name, averaged))
