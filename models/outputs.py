"""What a system tells of itself to those who train, watch, measure and ship it. Keras-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Output:
    """A network that a person uses after training.

    Attributes:
        verb: what it does: "generate" (latents and labels → pictures), "translate", "reconstruct"
            (pictures → pictures of the same size) or "upscale" (→ larger ones).
        network: which of the system's networks does it.
        title: what a person calls it, such as "a → b".
    """

    verb: str
    network: str
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Collapse:
    """The logs by which the collapse guard judges: D's share of zero losses, and G's loss."""

    zero_share: str
    generator_loss: str


@dataclasses.dataclass(frozen=True)
class Watched:
    """Which of a step's logs the progress line, the loss plot and the guard read.

    Attributes:
        line: log → how the progress line shows it, such as "D {:.3f}", in this order. A share is
            shown in percent.
        curves: log → its label in the plot of the losses.
        share: a log from 0 to 1 that gets a panel of its own in the plot, with its label, or None.
        collapse: what the guard reads; None: such a system does not collapse as a GAN does.
    """

    line: Mapping[str, str]
    curves: Mapping[str, str]
    share: tuple[str, str] | None = None
    collapse: Collapse | None = None


@dataclasses.dataclass(frozen=True)
class Work:
    """What one turn costs, per picture of the batch, by the network's name.

    Attributes:
        kept: how many times a network's activations are held for the backward pass.
        passes: how many forward passes its arithmetic amounts to. A backward pass costs two, or one
            where no kernel gets a gradient.
        times: how often the turn is taken in a step.
    """

    kept: Mapping[str, float]
    passes: Mapping[str, float]
    times: int = 1


@dataclasses.dataclass(frozen=True)
class Preview:
    """What a run's grids show: the same inputs from the first step to the last.

    Attributes:
        draw: the system → pictures (N, R, R, 3) in [-1, 1], row by row.
        columns: pictures in a row.
        captions: what is written above the columns.
    """

    draw: Callable[[Any], np.ndarray]
    columns: int
    captions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Judged:
    """What is measured during a training: the same inputs at every measurement.

    Attributes:
        draw: the system → pictures (count, R, R, 3) in [-1, 1].
        domain: with which of the recipe's domains they are compared.
        protocol: how they were made, for the record.
    """

    draw: Callable[[Any], np.ndarray]
    domain: str
    protocol: Mapping[str, Any]
