"""D beside the best D there is for G, and the game's value beside its bound, while G learns.

Goodfellow et al. 2014 (arXiv:1406.2661): for a fixed G the best D is p_data / (p_data + p_g)
(proposition 1), and its value is -log 4 + 2 JSD(p_data, p_g) (theorem 1). Both are computed from
the known density of the data and a histogram of G's points. D takes five steps to one of G's, so
that it stays near its best.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from datasets import toy as worlds
from metrics import toy as measures
from models import recipes
from models.systems.gan.points import on_points
from models.systems.gan.turns import GAN
from toys import training as toy
from toys.theory import Frame, drawing, marks
from training.loop import advance

STEPS = 3_000


def play(steps: int, frames: int, seed: int) -> Iterator[Frame]:
    """Train a GAN on the line of three Gaussians and film it."""
    world = worlds.world("line")
    recipe = dataclasses.replace(
        on_points(recipes.load("gan"), world.dim, width=32),
        d_steps=5,
        d_learning_rate=2e-3,
        g_learning_rate=1e-3,
        beta_1=0.0,
    )
    shown = marks(steps, frames)
    gan, feed = toy.begun(recipe, world, seed, shown[1:])
    history: list[tuple[int, dict[str, float]]] = []
    for mark in shown:
        advance(gan, feed, mark)
        densities = _densities(gan, world)
        history.append((mark, _numbers(*densities)))
        yield Frame(mark, _picture(*densities, history, steps), history[-1][1])


def _densities(gan: GAN, world: worlds.Mixture) -> tuple[np.ndarray, ...]:
    """Centres of the cells, p_data, p_g, and D's probabilities there."""
    area = toy.region(world)
    logits = toy.surface(gan, area).astype("float64")
    centres, made = area.centres(), area.histogram(toy.shown(gan, world))
    return centres[:, 0], world.density(centres), made, toy.sigmoid(logits)


def _numbers(x, data, made, judged) -> dict[str, float]:
    cell = float(x[1] - x[0])
    best = measures.optimal_discriminator(data, made)
    weight = (data + made) / (data + made).sum()
    return {
        "value of the game": measures.game_value(judged, data, made, cell),
        "-log 4 + 2 JSD": float(measures.optimal_value(data, made, cell)),
        "mean |D - best D|": float((weight * np.abs(judged - best)).sum()),
    }


def _picture(x, data, made, judged, history, last):
    def densities(axis):
        axis.plot(x, data, color=drawing.REAL, label="p_data")
        axis.fill_between(x, made, color=drawing.FAKE, alpha=0.6, label="p_g")
        axis.set(ylim=(0, 1.6 * data.max()), title="densities")
        axis.legend(fontsize=7)

    def discriminators(axis):
        axis.plot(x, judged, color=drawing.JUDGED, label="D")
        best = toy.visible_optimum(data, made)
        axis.plot(x, best, ":", color=drawing.EXACT, label="p_data / (p_data + p_g)")
        axis.set(ylim=(-0.03, 1.03), title="discriminator")
        axis.legend(fontsize=7)

    steps = [step for step, _ in history]
    lines = {
        "value of the game": ([n["value of the game"] for _, n in history], drawing.JUDGED, ".-"),
        "−log 4 + 2 JSD": ([n["-log 4 + 2 JSD"] for _, n in history], drawing.EXACT, ":"),
        "−log 4": ([-np.log(4)] * len(steps), drawing.REAL, "--"),
    }
    values = drawing.curves(steps, lines, last, ylim=(-1.6, 0.1), title="value")
    title = f"the game and its bound, step {steps[-1]:,}"
    return drawing.drawn([densities, discriminators, values], title)
