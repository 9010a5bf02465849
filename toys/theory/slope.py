"""A critic whose weights are clipped beside one whose slope is penalised.

Gulrajani et al. 2017 (arXiv:1704.00028, figure 1): the data are eight Gaussians, the fakes are the
data with noise of deviation 1, and G stays as it is. The best critic's slope is 1 almost everywhere
between the two (proposition 1 and its corollary). Clipping pushes most weights to the bounds and
bends the critic's surface to few straight pieces; the penalty holds the slope near 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from datasets import toy as worlds
from models import recipes
from models.systems.gan.points import on_points
from toys.theory import Frame, drawing, marks
from toys.theory.alone import DiscriminatorAlone

STEPS = 1_000
CLIP, NOISE = 0.05, 1.0
_REACH, _SIDE = 4.0, 61
_POINTS = 2_000  # where slopes are measured


def play(steps: int, frames: int, seed: int) -> Iterator[Frame]:
    """Train both critics on the same two distributions and film them."""
    critics = _critics(seed)
    between = _between(seed)
    history: list[tuple[int, dict[str, float]]] = []
    for mark in marks(steps, frames):
        for each in critics.values():
            each.train(mark)
        history.append((mark, numbers(critics, between)))
        yield Frame(mark, _picture(critics, history, steps), history[-1][1])


def _critics(seed: int) -> dict[str, DiscriminatorAlone]:
    changes = {
        "clipped": ("wgan", {"weight_clip": CLIP, "d_learning_rate": 1e-3}),
        "penalised": ("wgan_gp", {"d_learning_rate": 1e-3, "beta_1": 0.5, "decay": "none"}),
    }
    return {
        name: DiscriminatorAlone(
            dataclasses.replace(on_points(recipes.load(recipe), 2, width=64), **own),
            _real, _fake, seed,
        )
        for name, (recipe, own) in changes.items()
    }  # fmt: skip


def _real(count: int, rng: np.random.Generator) -> np.ndarray:
    return worlds.world("ring").sample(count, rng)


def _fake(count: int, rng: np.random.Generator) -> np.ndarray:
    return (_real(count, rng) + NOISE * rng.standard_normal((count, 2))).astype("float32")


def _between(seed: int) -> np.ndarray:
    """Points on lines between reals and fakes, where the theorem speaks of the slope."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 8]))
    share = rng.random((_POINTS, 1), dtype="float32")
    return share * _real(_POINTS, rng) + (1 - share) * _fake(_POINTS, rng)


def numbers(critics: dict[str, DiscriminatorAlone], between: np.ndarray) -> dict[str, float]:
    """The slopes' mean and deviation, and the share of weights at the clipping bound."""
    found = {}
    for name, critic in critics.items():
        slopes = np.linalg.norm(critic.slopes(between), axis=1)
        found[f"{name}: slope"] = float(slopes.mean())
        found[f"{name}: slope's deviation"] = float(slopes.std())
    weights = _weights(critics["clipped"])
    found["clipped: weights at the bounds"] = float((np.abs(weights) >= 0.999 * CLIP).mean())
    return found


def _weights(critic: DiscriminatorAlone) -> np.ndarray:
    variables = critic.gan.discriminator.trainable_variables
    return np.concatenate([np.ravel(each.numpy()) for each in variables])


def _picture(critics, history, last):
    side = np.linspace(-_REACH, _REACH, _SIDE)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

    def surface(name):
        def draw(axis):
            values = critics[name].logits(grid).reshape(_SIDE, _SIDE)
            axis.contourf(side, side, values, levels=14, cmap="viridis")
            axis.scatter(*worlds.world("ring").means.T, s=12, color="#ffb000")
            axis.set(aspect="equal", xticks=[], yticks=[], title=f"{name} critic")

        return draw

    def weights(axis):
        for name, colour in (("clipped", drawing.FAKE), ("penalised", drawing.JUDGED)):
            values = _weights(critics[name])
            bins = np.linspace(-0.3, 0.3, 61)
            axis.hist(values, bins, density=True, alpha=0.6, color=colour, label=name)
        axis.set(title="weights", yticks=[])
        axis.legend(fontsize=7)

    steps = [step for step, _ in history]
    lines = {"exact": ([1.0] * len(steps), drawing.EXACT, ":")}
    for name, colour in (("clipped", drawing.FAKE), ("penalised", drawing.JUDGED)):
        lines[name] = ([found[f"{name}: slope"] for _, found in history], colour, ".-")
    slopes = drawing.curves(steps, lines, last, title="mean slope between", ylim=(0, 2))
    panels = [surface("clipped"), surface("penalised"), weights, slopes]
    return drawing.drawn(panels, f"two critics, step {steps[-1]:,}", columns=2)
