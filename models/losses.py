"""Adversarial losses: a name → a pair of functions on logits.

`discriminator(real, fake)` and `generator(real, fake)` take float32 logits (N, 1) and return a
scalar to be minimised. Only relativistic losses look at `real` in the generator's step; for the
others it is None.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops


@dataclass(frozen=True)
class Loss:
    """One GAN objective.

    Attributes:
        discriminator: (real logits, fake logits) → scalar.
        generator: (real logits or None, fake logits) → scalar.
        needs_real: whether the generator's loss reads the real logits.
        zero_share: (real, fake) → share, 0 to 1, of D's terms that are exactly zero, or None where
            no term can be.
    """

    discriminator: Callable
    generator: Callable
    needs_real: bool = False
    zero_share: Callable | None = None


def hinge_discriminator(real, fake):
    """E relu(1 - D(x)) + E relu(1 + D(G(z))) (Lim and Ye 2017; SAGAN equation 4)."""
    return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))


def hinge_generator(real, fake):
    """-E D(G(z))."""
    return -ops.mean(fake)


def hinge_zero_share(real, fake):
    """The share of pictures that D already judges beyond the margin, so that they teach nothing."""
    beyond = ops.concatenate([real >= 1.0, fake <= -1.0], axis=0)
    return ops.mean(ops.cast(beyond, "float32"))


LOSSES = {
    "hinge": Loss(hinge_discriminator, hinge_generator, zero_share=hinge_zero_share),
}


def get(name: str) -> Loss:
    """The loss of that name; ValueError lists the known ones."""
    if name not in LOSSES:
        raise ValueError(f"Unknown loss {name!r}. Known: {', '.join(LOSSES)}.")
    return LOSSES[name]
