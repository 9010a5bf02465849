"""Penalties on the discriminator: a name → a function that is independent of the backend.

`penalty(critic, gradient, real, fake, mix)` returns a float32 scalar, to be weighted and added to
D's loss: `critic(x)` gives logits (N, 1) under the labels of the real data, `gradient(fn, x)` the
gradient of sum(fn(x)) by x, `real` and `fake` are data (N, …), `mix` uniform numbers (N,).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.lazy import ops


def _squared_norms(x):
    return ops.sum(ops.square(ops.cast(x, "float32")), axis=tuple(range(1, len(x.shape))))


def _norms_between(critic, gradient, real, fake, mix):
    """||grad D(x^)|| (N,) at x^ = mix · x + (1 - mix) · G(z), on lines between fake and real."""
    share = ops.reshape(mix, (-1,) + (1,) * (len(real.shape) - 1))
    between = share * real + (1.0 - share) * fake
    return ops.sqrt(_squared_norms(gradient(critic, between)) + 1e-12)


def gradient_penalty(critic, gradient, real, fake, mix):
    """E (||grad D(x^)|| - 1)², two-sided (WGAN-GP, arXiv:1704.00028, equation 3)."""
    norms = _norms_between(critic, gradient, real, fake, mix)
    return ops.mean(ops.square(norms - 1.0))


def one_sided_gradient_penalty(critic, gradient, real, fake, mix):
    """E relu(||grad D(x^)|| - 1)²: penalises slopes above 1 (WGAN-LP, arXiv:1709.08894, eq. 8)."""
    norms = _norms_between(critic, gradient, real, fake, mix)
    return ops.mean(ops.square(ops.relu(norms - 1.0)))


def r1(critic, gradient, real, fake, mix):
    """1/2 E ||grad D(x)||² on real data (Mescheder et al. 2018, arXiv:1801.04406, equation 9)."""
    return 0.5 * ops.mean(_squared_norms(gradient(critic, real)))


@dataclass(frozen=True)
class Penalty:
    """A penalty's function; `joins_fakes`: it uses points between a real and a fake."""

    function: Callable
    joins_fakes: bool = False


PENALTIES = {
    "gradient": Penalty(gradient_penalty, joins_fakes=True),
    "one_sided_gradient": Penalty(one_sided_gradient_penalty, joins_fakes=True),
    "r1": Penalty(r1),
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
