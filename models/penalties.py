"""Penalties on the discriminator's slope: a name → a function of a `DiscriminatorStep`.

It returns a float32 scalar, to be weighted and added to D's loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.lazy import ops, replicas


@dataclass(frozen=True)
class DiscriminatorStep:
    """One (micro-)batch of the discriminator's step.

    Attributes:
        judge: (data, labels) → logits (N, 1).
        gradient: (fn, x) → the gradient of sum(fn(x)) by x.
        real, fake: data (N, …).
        real_labels, fake_labels: theirs, as `judge` takes them.
        mix: uniform numbers (N,), for penalties between real and fake.
        perturbation: uniform numbers like the data, for penalties around reals.
        real_gradient, fake_gradient: `gradient` of `judge` at them, where D's answer came with it.
    """

    judge: Callable[[Any, Any], Any]
    gradient: Callable[[Callable[[Any], Any], Any], Any]
    real: Any
    fake: Any
    real_labels: Any = None
    fake_labels: Any = None
    mix: Any = None
    perturbation: Any = None
    real_gradient: Any = None
    fake_gradient: Any = None

    def squared_slopes(self, data, labels):
        """||grad D(data)||² (N,) under `labels`."""
        known = ((self.real, self.real_gradient), (self.fake, self.fake_gradient))
        gradient = next((its for each, its in known if each is data), None)
        if gradient is None:
            gradient = self.gradient(lambda x: self.judge(x, labels), data)
        return ops.sum(
            ops.square(ops.cast(gradient, "float32")), axis=tuple(range(1, len(data.shape)))
        )


def _norms_between(step: DiscriminatorStep):
    """||grad D(x^)|| (N,) at x^ = mix · x + (1 - mix) · G(z), on lines between fake and real.

    The labels are those of the real data.
    """
    share = ops.reshape(step.mix, (-1,) + (1,) * (len(step.real.shape) - 1))
    between = share * step.real + (1.0 - share) * step.fake
    return ops.sqrt(step.squared_slopes(between, step.real_labels) + 1e-12)


def gradient_penalty(step: DiscriminatorStep):
    """E (||grad D(x^)|| - 1)², two-sided (WGAN-GP, arXiv:1704.00028, equation 3)."""
    return ops.mean(ops.square(_norms_between(step) - 1.0))


def one_sided_gradient_penalty(step: DiscriminatorStep):
    """E relu(||grad D(x^)|| - 1)²: penalises slopes above 1 (WGAN-LP, arXiv:1709.08894, eq. 8)."""
    return ops.mean(ops.square(ops.relu(_norms_between(step) - 1.0)))


def perturbed_gradient_penalty(step: DiscriminatorStep):
    """E (||grad D(x + δ)|| - 1)² around real data (DRAGAN, arXiv:1705.07215, algorithm 1).

    δ is the standard deviation of all numbers of the batch times uniform numbers in [-1/2, 1/2), as
    in compare_gan.
    """
    centred = step.real - replicas.mean(ops.mean(step.real))
    deviation = ops.sqrt(replicas.mean(ops.mean(ops.square(centred))))
    around = step.real + deviation * (step.perturbation - 0.5)
    norms = ops.sqrt(step.squared_slopes(around, step.real_labels) + 1e-12)
    return ops.mean(ops.square(norms - 1.0))


def r1(step: DiscriminatorStep):
    """1/2 E ||grad D(x)||² on real data (Mescheder et al. 2018, arXiv:1801.04406, equation 9)."""
    return 0.5 * ops.mean(step.squared_slopes(step.real, step.real_labels))


def r2(step: DiscriminatorStep):
    """1/2 E ||grad D(G(z))||² on fakes (Mescheder et al. 2018, arXiv:1801.04406, equation 9)."""
    return 0.5 * ops.mean(step.squared_slopes(step.fake, step.fake_labels))


def r1_r2(step: DiscriminatorStep):
    """R1 + R2, without which relativistic pairing diverges (R3GAN, arXiv:2501.05441)."""
    return r1(step) + r2(step)


@dataclass(frozen=True)
class Penalty:
    """A penalty.

    Attributes:
        function: a discriminator's step → a scalar.
        joins_fakes: it uses points between a real and a fake.
        perturbs: it uses random points around reals.
        at: of "real" and "fake" those whose slopes, under their own labels, are all that it takes.
            D's answers to them come with these, which saves a pass of D each.
        slopes: how many slopes per real picture it takes, where `at` does not say which.
    """

    function: Callable[[DiscriminatorStep], Any]
    joins_fakes: bool = False
    perturbs: bool = False
    at: tuple[str, ...] = ()
    slopes: int = 1


PENALTIES = {
    "gradient": Penalty(gradient_penalty, joins_fakes=True),
    "one_sided_gradient": Penalty(one_sided_gradient_penalty, joins_fakes=True),
    "perturbed_gradient": Penalty(perturbed_gradient_penalty, perturbs=True),
    "r1": Penalty(r1, at=("real",)),
    "r2": Penalty(r2, at=("fake",)),
    "r1_r2": Penalty(r1_r2, at=("real", "fake")),
}


def names() -> tuple[str, ...]:
    """All penalties, including "none"."""
    return ("none", *PENALTIES)


def get(name: str) -> Penalty | None:
    """The penalty of that name, None for "none"; ValueError lists the known ones."""
    if name == "none":
        return None
    if name not in PENALTIES:
        raise ValueError(f"Unknown penalty {name!r}. Known: {', '.join(names())}.")
    return PENALTIES[name]


def lecam(real, fake, real_average, fake_average):
    """E relu(D(x) - f)² + E relu(r - D(G(z)))²: D must not leave its own past far behind.

    LeCam regularisation (Tseng et al. 2021, arXiv:2104.03310), one-sided as in the authors' code: r
    and f are moving averages of D's logits on reals and on fakes.

    Args:
        real, fake: logits (N, 1).
        real_average, fake_average: r and f, scalars.
    """
    beyond = ops.mean(ops.square(ops.relu(real - fake_average)))
    return beyond + ops.mean(ops.square(ops.relu(real_average - fake)))
