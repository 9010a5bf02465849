"""Adversarial losses: a name → a pair of functions on logits.

`discriminator(real, fake)` and `generator(real, fake)` take float32 logits (N, J), J of a picture
(1 in most networks), and return a scalar to be minimised. Only relativistic losses use `real` in
the generator's step; for the others it is None.

With s the sigmoid, log s(x) = -softplus(-x) and log(1 - s(x)) = -softplus(x). These neither
overflow nor lose digits if s(x) rounds to 0 or 1.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from models.lazy import ops


@dataclass(frozen=True)
class Loss:
    """One GAN objective.

    Attributes:
        discriminator: (real logits, fake logits) → scalar.
        generator: (real logits or None, fake logits) → scalar.
        needs_real: whether the generator's loss reads the real logits.
        pairs: whether it compares the real picture and the fake of each row, which must then have
            the same label.
        zero_share: (real, fake) → share, 0 to 1, of D's terms that are exactly zero, or None if
            they never are.
        smoothed: (real, fake, target) → D's loss with `target` instead of 1 for real pictures, or
            None if the loss has no such target.
        balanced: whether D's loss of fakes comes with a factor that is moved to keep G and D in
            balance, and so is not in `discriminator`; D must then answer with minus an error.
        divides_at_0: whether a logit above 0 says "real". Others leave the zero free, or elsewhere.
    """

    discriminator: Callable
    generator: Callable
    needs_real: bool = False
    pairs: bool = False
    zero_share: Callable | None = None
    smoothed: Callable | None = None
    balanced: bool = False
    divides_at_0: bool = False


def cross_entropy(logits, target: float):
    """-E [t log s(x) + (1 - t) log(1 - s(x))] for the target probability t."""
    return ops.mean(ops.softplus(-logits) + (1.0 - target) * logits)


# === The GAN of 2014 (Goodfellow et al., arXiv:1406.2661) ===


def cross_entropy_discriminator(real, fake, target=1.0):
    """-E log D(x) - E log(1 - D(G(z))), minus the value function of equation 1."""
    return cross_entropy(real, target) + cross_entropy(fake, 0.0)


def minimax_generator(real, fake):
    """E log(1 - D(G(z))), equation 1 unchanged: its gradient vanishes if D is certain."""
    return -cross_entropy(fake, 0.0)


def non_saturating_generator(real, fake):
    """-E log D(G(z)), section 3: the same fixed point, but a strong gradient early in training."""
    return cross_entropy(fake, 1.0)


# === Least squares (Mao et al. 2017, arXiv:1611.04076, equation 9: a = 0, b = c = 1) ===


def least_squares_discriminator(real, fake, target=1.0):
    """1/2 E (D(x) - 1)² + 1/2 E D(G(z))²."""
    return 0.5 * ops.mean(ops.square(real - target)) + 0.5 * ops.mean(ops.square(fake))


def least_squares_generator(real, fake):
    """1/2 E (D(G(z)) - 1)²."""
    return 0.5 * ops.mean(ops.square(fake - 1.0))


# === Wasserstein (Arjovsky et al. 2017, arXiv:1701.07875, equation 2) ===


def wasserstein_discriminator(real, fake):
    """E D(G(z)) - E D(x): its negative estimates the Earth-Mover distance times D's slope."""
    return ops.mean(fake) - ops.mean(real)


def linear_generator(real, fake):
    """-E D(G(z)), the generator's part of the Wasserstein and hinge losses."""
    return -ops.mean(fake)


# === Boundary equilibrium (Berthelot et al. 2017, arXiv:1703.10717, section 3.3) ===


def boundary_equilibrium_discriminator(real, fake):
    """L(x), with D(x) = -L(x): the part of L(x) - k L(G(z)) that has no factor."""
    return -ops.mean(real)


def moved_balance(balance, real, fake, ratio: float, rate: float):
    """k after a step: k + rate (ratio · E L(x) - E L(G(z))), from 0 to 1."""
    gap = ops.mean(fake) - ratio * ops.mean(real)
    return ops.clip(balance + rate * gap, 0.0, 1.0)


def convergence(real, fake, ratio: float):
    """The paper's global measure of convergence: L(x) + |ratio · L(x) - L(G(z))|."""
    return -ops.mean(real) + ops.abs(ops.mean(fake) - ratio * ops.mean(real))


# === Hinge (Lim and Ye 2017; SAGAN, arXiv:1805.08318, equation 4) ===


def hinge_discriminator(real, fake):
    """E relu(1 - D(x)) + E relu(1 + D(G(z)))."""
    return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))


def hinge_zero_share(real, fake):
    """The share of pictures that D classifies beyond the margin; their gradient is zero."""
    beyond = ops.concatenate([real >= 1.0, fake <= -1.0], axis=0)
    return ops.mean(ops.cast(beyond, "float32"))


# === Relativistic losses (Jolicoeur-Martineau 2019, arXiv:1807.00734, section 4) ===


def paired(discriminator: Callable) -> Callable:
    """A loss on D(x) - D(G(z)) of each real picture and the fake in the same row."""
    return lambda real, fake, *target: discriminator(real - fake, *target)


def _from_average(real, fake):
    """The logits of RaGANs: real minus the average fake, and fake minus the average real."""
    return real - ops.mean(fake), fake - ops.mean(real)


def averaged(discriminator: Callable) -> Callable:
    """The relativistic average form of D's loss; means are taken over the (micro-)batch."""
    return lambda real, fake, *target: discriminator(*_from_average(real, fake), *target)


def _relativistic_cross_entropy(difference, target=1.0):
    return cross_entropy(difference, target)


def _relativistic_least_squares(real, fake, target=1.0):
    """E (D(x) - E D(G(z)) - 1)² + E (D(G(z)) - E D(x) + 1)²."""
    return ops.mean(ops.square(real - target)) + ops.mean(ops.square(fake + 1.0))


def _relativistic(
    discriminator: Callable, smoothed: bool = True, zero_share=None, pairs: bool = False
) -> Loss:
    """The loss whose generator minimises D's loss with real and fake exchanged."""
    return Loss(
        discriminator,
        lambda real, fake: discriminator(fake, real),
        needs_real=True,
        pairs=pairs,
        zero_share=zero_share,
        smoothed=discriminator if smoothed else None,
    )


LOSSES = {
    "minimax": Loss(
        cross_entropy_discriminator,
        minimax_generator,
        smoothed=cross_entropy_discriminator,
        divides_at_0=True,
    ),
    "non_saturating": Loss(
        cross_entropy_discriminator,
        non_saturating_generator,
        smoothed=cross_entropy_discriminator,
        divides_at_0=True,
    ),
    "least_squares": Loss(
        least_squares_discriminator, least_squares_generator, smoothed=least_squares_discriminator
    ),
    "hinge": Loss(
        hinge_discriminator, linear_generator, zero_share=hinge_zero_share, divides_at_0=True
    ),
    "wasserstein": Loss(wasserstein_discriminator, linear_generator),
    "boundary_equilibrium": Loss(
        boundary_equilibrium_discriminator, linear_generator, balanced=True
    ),
    "rsgan": _relativistic(paired(_relativistic_cross_entropy), pairs=True),
    "rasgan": _relativistic(averaged(cross_entropy_discriminator)),
    "ralsgan": _relativistic(averaged(_relativistic_least_squares)),
    "rahinge": _relativistic(
        averaged(hinge_discriminator), smoothed=False, zero_share=averaged(hinge_zero_share)
    ),
}


def names() -> tuple[str, ...]:
    """All losses."""
    return tuple(LOSSES)


def names_with_target() -> tuple[str, ...]:
    """The losses with a target for the discriminator, which can be smoothed."""
    return tuple(name for name, loss in LOSSES.items() if loss.smoothed)


def names_balanced() -> tuple[str, ...]:
    """The losses with a factor that keeps G and D in balance."""
    return tuple(name for name, loss in LOSSES.items() if loss.balanced)


def get(name: str, label_smoothing: float = 0.0) -> Loss:
    """The loss of that name.

    Args:
        label_smoothing: s > 0 changes D's target for real pictures from 1 to 1 - s. The target for
            fakes stays (one-sided), so that D stays optimal where there is no data (Salimans et al.
            2016, section 3.4).

    Raises:
        ValueError: an unknown name, or smoothing of a loss that has no target to smooth.
    """
    if name not in LOSSES:
        raise ValueError(f"Unknown loss {name!r}. Known: {', '.join(LOSSES)}.")
    loss = LOSSES[name]
    if not label_smoothing:
        return loss
    smoothed = loss.smoothed
    if smoothed is None:
        able = ", ".join(names_with_target())
        raise ValueError(f"The {name} loss has no labels to smooth. Those that have: {able}.")
    target = 1.0 - label_smoothing
    return dataclasses.replace(loss, discriminator=lambda real, fake: smoothed(real, fake, target))
