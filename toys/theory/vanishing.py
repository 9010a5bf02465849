"""G's gradient under a discriminator that becomes perfect: it vanishes, or it does not.

Arjovsky and Bottou 2017 (arXiv:1701.04862, theorem 2.4 and figure 2); Arjovsky et al. 2017
(arXiv:1701.07875, figure 2). The data are N(0, 1/2), the fakes N(θ, 1/2) with θ = 4. G stays as it
is; only D learns. What G would learn is the derivative of its loss by θ, measured with D's slopes:

    minimax          E_g d/dθ log(1 - D)     goes to its exact value under the best D, nearly 0
    non-saturating   E_g d/dθ (-log D)       stays large, but D's noise enters it
    Wasserstein      E_g d/dθ (-f)           goes to 1, the slope of the Earth-Mover distance |θ|

The exact values are integrals with the known densities: the logit of the best D is
log p_data - log p_g, a straight line with the slope -θ / σ².
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from models import recipes
from models.systems.gan.points import on_points
from toys.theory import Frame, drawing, marks
from toys.theory.alone import DiscriminatorAlone
from toys.training import sigmoid

STEPS = 600
SHIFT, DEVIATION = 4.0, 0.5
_X = np.linspace(-3.0, 7.0, 401)
_FAKES = 4_000  # points that G's gradient is measured on


def play(steps: int, frames: int, seed: int) -> Iterator[Frame]:
    """Train a discriminator and a critic on the same two distributions and film them."""
    pair = _pair(seed)
    fakes = _normal(SHIFT)(_FAKES, np.random.Generator(np.random.Philox(key=[seed, 7])))
    history: list[tuple[int, dict[str, float]]] = []
    for mark in marks(steps, frames):
        for each in pair:
            each.train(mark)
        history.append((mark, gradients(*pair, fakes)))
        yield Frame(mark, _picture(*pair, history, steps), history[-1][1])


def _pair(seed: int) -> tuple[DiscriminatorAlone, DiscriminatorAlone]:
    """A discriminator with sigmoid and a critic with a penalty."""
    both = (
        ("gan", {"d_learning_rate": 3e-3}),
        ("wgan_gp", {"d_learning_rate": 3e-3, "beta_1": 0.5, "decay": "none"}),
    )
    made = (
        dataclasses.replace(on_points(recipes.load(name), 1, width=32), **changes)
        for name, changes in both
    )
    discriminator, critic = (
        DiscriminatorAlone(recipe, _normal(0.0), _normal(SHIFT), seed) for recipe in made
    )
    return discriminator, critic


def _normal(mean: float):
    return lambda count, rng: (mean + DEVIATION * rng.standard_normal((count, 1))).astype("float32")


def gradients(
    discriminator: DiscriminatorAlone, critic: DiscriminatorAlone, fakes: np.ndarray
) -> dict[str, float]:
    """The size of dL/dθ for each of G's losses, and the exact value under the best D."""
    judged = sigmoid(discriminator.logits(fakes))
    slope = discriminator.slopes(fakes)[:, 0]
    found = {
        "minimax": float(np.abs((-judged * slope).mean())),
        "non-saturating": float(np.abs((-(1 - judged) * slope).mean())),
        "Wasserstein": float(np.abs(critic.slopes(fakes)[:, 0].mean())),
    }
    return {**found, **exact()}


def exact() -> dict[str, float]:
    """The same under the best D and the best critic, by integration over p_g."""
    x = np.linspace(SHIFT - 8 * DEVIATION, SHIFT + 8 * DEVIATION, 200_001)
    made = np.exp(-((x - SHIFT) ** 2) / (2 * DEVIATION**2)) / (DEVIATION * np.sqrt(2 * np.pi))
    slope = -SHIFT / DEVIATION**2
    judged = sigmoid(slope * (x - SHIFT / 2))
    width = x[1] - x[0]
    return {
        "minimax, exact": float(np.abs((made * judged * slope).sum() * width)),
        "non-saturating, exact": float(np.abs((made * (1 - judged) * slope).sum() * width)),
        "Wasserstein, exact": 1.0,
    }


def _picture(discriminator, critic, history, last):
    def answers(axis):
        for mean, colour, name in ((0.0, drawing.REAL, "data"), (SHIFT, drawing.FAKE, "fakes")):
            density = np.exp(-((_X - mean) ** 2) / (2 * DEVIATION**2))
            axis.fill_between(_X, density, color=colour, alpha=0.4, label=name)
        judged = sigmoid(discriminator.logits(_X[:, None]))
        axis.plot(_X, judged, color=drawing.JUDGED, label="D")
        axis.set(ylim=(-0.05, 1.1), title="the discriminator")
        axis.legend(fontsize=7)

    def critics(axis):
        values = critic.logits(_X[:, None])
        axis.plot(_X, values - values[np.abs(_X).argmin()], color=drawing.JUDGED, label="f")
        axis.plot(_X, -_X, ":", color=drawing.EXACT, label="slope −1")
        axis.set(ylim=(-7, 3), title="the critic")
        axis.legend(fontsize=7)

    colours = {
        "minimax": drawing.FAKE, "non-saturating": drawing.REAL, "Wasserstein": drawing.JUDGED
    }  # fmt: skip
    steps = [step for step, _ in history]
    lines = {}
    for name, colour in colours.items():
        lines[name] = ([found[name] for _, found in history], colour, ".-")
        lines[f"{name}, exact"] = ([history[-1][1][f"{name}, exact"]] * len(steps), colour, ":")
    sizes = drawing.curves(
        steps, lines, last, yscale="log", ylim=(1e-5, 1e3), title="|dL/dθ| of G (dotted: exact)"
    )
    title = f"D and the critic learn, G waits: step {steps[-1]:,}"
    return drawing.drawn([answers, critics, sizes], title)
