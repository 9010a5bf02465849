"""The recipe of a variational autoencoder. Its defaults are the DFC-VAE paper's plain VAE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models import fields
from models.fields import option
from models.lazy import latents
from models.recipe import Recipe, held_out_field

_GAUSSIAN = {"reconstruction": ("gaussian",)}
_FEATURES = {"reconstruction": ("features",)}


@dataclass(frozen=True)
class VAERecipe(Recipe):
    """An encoder and a decoder: their networks, the bound and its optimisation."""

    system: ClassVar[str] = "vae"
    # These networks never take labels; a GAN's may.
    label_kind: ClassVar[str] = "none"
    num_labels: ClassVar[int] = 0

    resolution: int = fields.again(Recipe, "resolution", 128, range=(8, None, None, None))
    filters: int = option(
        32,
        "Networks",
        "channels of the encoder's first and the decoder's last stage; others have up to 16 times "
        "as many",
        least=1,
    )
    latent_dim: int = option(100, "Latents", "dimensions of a latent, or code", least=1)
    latent: str = option(
        "normal", "Latents", "its distribution: the prior of the codes", choices=("normal",)
    )

    reconstruction: str = option(
        "gaussian",
        "Objective",
        "how a picture is compared with its reconstruction: `gaussian`, by the density of its "
        "pixels; `features`, by the feature maps of a frozen Lite0",
        choices=("gaussian", "features"),
    )
    sigma: float = option(
        0.0,
        "Objective",
        "the density's standard deviation, for pixels from -1 to 1; 0: learned",
        only=_GAUSSIAN,
        least=0,
    )
    feature_weight: float = option(
        0.5, "Objective", "factor of the feature maps' mean squared errors", only=_FEATURES, above=0
    )
    kl_weight: float = option(
        1.0, "Objective", "factor β of the codes' KL divergence from the prior", least=0
    )

    batch_size: int = option(40, "Training", "pictures of a step", least=1)
    learning_rate: float = option(5e-4, "Training", "learning rate of both networks", above=0)
    beta_1: float = fields.again(Recipe, "beta_1", 0.5)
    held_out: int = held_out_field()

    @property
    def judge(self) -> str:
        """Lite1 where reconstructions are compared by Lite0's maps."""
        return "lite1" if self.reconstruction == "features" else super().judge

    @property
    def read_batches(self) -> tuple[str, ...]:
        """A learned σ is that of the pictures at hand."""
        learned = self.reconstruction == "gaussian" and not self.sigma
        return ("the learned σ",) if learned else ()

    def draw(self, rng, labels, draw_labels):
        """noise (batch_size, 1, latent_dim), standard normal: ε of the reparametrisation."""
        drawn = latents.sample(self.latent, self.batch_size, self.latent_dim, rng)
        return {"noise": drawn[:, None]}
