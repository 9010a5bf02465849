"""Modes that a generator loses, and three treatments: the same ring, steps and seed for all.

The untreated GAN is the first one's (arXiv:1406.2661), which drops modes early and favours some of
them to the end. Treated are: D, which compares the points of a batch (minibatch discrimination,
arXiv:1606.03498); G, which is paid for distance between points of different latents (mode seeking,
arXiv:1903.05628); and the game itself, which becomes Wasserstein's with a penalty on the slope
(arXiv:1704.00028).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from datasets import toy as worlds
from models import recipes
from models.systems.gan.points import on_points
from toys import training as toy
from toys.theory import Frame, drawing, marks
from training.loop import advance

STEPS = 4_000
_RATES: dict[str, Any] = {"batch_size": 64, "g_learning_rate": 1e-3, "d_learning_rate": 1e-3}
TREATMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "untreated": ("gan", {}),
    "minibatch discrimination": ("gan", {"minibatch": "discrimination"}),
    "mode seeking": ("gan", {"g_term": "mode_seeking", "g_term_weight": 0.1}),
    "Wasserstein, penalty": ("wgan_gp", {"penalty_weight": 0.1, "beta_1": 0.5, "decay": "none"}),
}


def play(steps: int, frames: int, seed: int) -> Iterator[Frame]:
    """Train the four GANs side by side and film them."""
    world, shown = worlds.world("ring"), marks(steps, frames)
    trained = {}
    for name, (recipe, changes) in TREATMENTS.items():
        made = on_points(recipes.load(recipe), world.dim)
        made = dataclasses.replace(made, **{**_RATES, **changes, "steps": steps})
        trained[name] = toy.begun(made, world, seed, shown[1:])
    for mark in shown:
        numbers, panels = {}, []
        for name, (gan, feed) in trained.items():
            advance(gan, feed, mark)
            found = toy.measure(gan, world, seed)
            numbers[f"{name}: modes"] = found["modes covered"]
            numbers[f"{name}: entropy"] = found["mode entropy"]
            panels.append(_panel(name, gan, world, found))
        title = f"modes of the ring, step {mark:,}"
        yield Frame(mark, drawing.drawn(panels, title, columns=2), numbers)


def _panel(name, gan, world, found):
    points, area = toy.shown(gan, world), toy.region(world)

    def draw(axis):
        axis.scatter(*world.means.T, s=60, facecolors="none", edgecolors=drawing.REAL)
        axis.scatter(*points.T, s=2, alpha=0.5, color=drawing.FAKE, linewidths=0)
        axis.set(xlim=(area.low, area.high), ylim=(area.low, area.high), aspect="equal")
        axis.set_title(
            f"{name}: {found['modes covered']:.0f} of {len(world.means)} modes, "
            f"entropy {found['mode entropy']:.2f}",
            fontsize=8,
        )

    return draw
