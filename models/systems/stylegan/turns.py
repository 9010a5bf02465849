"""How StyleGAN trains (Karras et al. 2019, arXiv:1812.04948)."""

from typing import ClassVar

from keras import ops

from models.augmentation.augmented import ceilings
from models.growing.turns import Growing
from models.outputs import Output, Watched, Work
from models.players import Player
from models.systems.stylegan import networks


class StyleGAN(Growing):
    """A mapping from latents to styles, a synthesis of pictures, a discriminator.

    A step is a turn of D, then one of the mapping and the synthesis together. A batch holds images,
    see `Growing`, and what the recipe's `draw` lists.

    Args and errors: see `System`.
    """

    averaged = ("mapping", "synthesis")
    faded = ("synthesis", "discriminator")
    drawn = ("latents", "cut", "noise")
    loss_name, penalty_name = "non_saturating", "r1"
    outputs: ClassVar = {"generator": Output("generate", "synthesis")}
    watched = Watched(
        line={"d_loss": "D {:.3f}", "g_loss": "G {:.3f}", "alpha": "α {:.2f}"},
        curves={"d_loss": "discriminator", "g_loss": "generator", "penalty": "R1"},
        ceilings=ceilings("a lower --learning-rate"),
    )

    def build_networks(self):
        return {
            "mapping": networks.mapping(self.recipe),
            "synthesis": networks.synthesis(self.recipe),
            "discriminator": networks.discriminator(self.recipe),
        }

    def players(self):
        rate = self.recipe.rate
        return {
            "generator": Player([self.mapping, self.synthesis], rate),
            "discriminator": Player([self.discriminator], rate),
        }

    # === The turns ===

    def _styles(self, part):
        """Styles (B, layers, style_dim): the first latent's, from layer `cut` on the second's."""
        latents = part["latents"]
        styles = self.mapping(ops.reshape(latents, (-1, latents.shape[-1])), training=True)
        both = ops.reshape(styles, (-1, 2, *styles.shape[1:]))
        numbers = ops.arange(self.recipe.layers, dtype="int32")[None, :, None]
        return ops.where(numbers < part["cut"][:, None, None], both[:, 0], both[:, 1])

    def fakes(self, part):
        return self.synthesis([self._styles(part), part["noise"]], training=True)

    # === Its description ===

    def work(self):
        # The mapping is small beside the others, but its activations are counted.
        made, drawn = {"mapping": 1, "synthesis": 1}, 1 + self.recipe.pseudo_fakes
        return [
            Work(
                kept={"discriminator": 3},  # R1 keeps the way back to the reals
                passes={"mapping": drawn, "synthesis": drawn, "discriminator": 9},
            ),
            Work(
                kept={**made, "discriminator": 1},
                passes={"mapping": 3, "synthesis": 3, "discriminator": 2},
            ),
        ]

    # === Use ===

    def output(self, name, averaged=True):
        """The generator, at full size: both networks in one, with noise that never changes."""
        prefix = "ema_" if averaged else ""
        parts = (getattr(self, f"{prefix}{each}") for each in self.averaged)
        made = self.made_once(f"{prefix}generator", lambda: networks.generator(*parts))
        return self.at_full_size(made)
