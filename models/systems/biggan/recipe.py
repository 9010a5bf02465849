"""The recipe of a BigGAN: a GAN's, with an embedding of the labels that all norms share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models.fields import option
from models.systems.gan.recipe import GANRecipe


@dataclass(frozen=True)
class BigGANRecipe(GANRecipe):
    """A GAN whose networks take labels, by default those of the data."""

    system: ClassVar[str] = "biggan"
    labels: ClassVar[str] = "expected"

    architecture: str = option("biggan", "Networks", "which file of models/networks builds G and D")
    shared_embedding: int = option(
        128,
        "Labels",
        "size of the label embedding that all norms share (biggan)",
        only={
            "architecture": ("biggan",),
            "label_kind": ("classes", "attributes"),
            "g_conditioning": ("batch_norm",),
        },
        least=1,
    )
