"""A system's description for training, logging, measuring and export. It needs no Keras."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Output:
    """A network for use after training.

    Attributes:
        verb: what it does: "generate" (latents and labels → pictures), "translate", "reconstruct",
            "colour" (pictures → pictures of the same size), "upscale" (→ larger ones), "age"
            (pictures and an age → pictures) or "encode" (pictures → codes).
        network: the name of the system's network.
        title: its name for users, such as "a → b".
    """

    verb: str
    network: str
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Collapse:
    """The logs that the collapse guard reads: D's share of zero losses, and G's loss."""

    zero_share: str
    generator_loss: str


@dataclasses.dataclass(frozen=True)
class Ceiling:
    """What may grow up to a field of the recipe, and what to do if it stays there.

    Attributes:
        field: the recipe's field that holds the most.
        advice: words that follow "augment_p has been at its most, 1, for 500 steps: ".
    """

    field: str
    advice: str


@dataclasses.dataclass(frozen=True)
class Watched:
    """The logs of a step that the progress line, the loss plot and the guard read.

    Attributes:
        line: log → its format in the progress line, such as "D {:.3f}", in this order. A share is
            shown in percent.
        curves: log → its label in the plot of the losses.
        share: a log from 0 to 1 with its own panel in the plot, and its label, or None.
        collapse: the logs for the guard; None: the system does not collapse as a GAN does.
        ceilings: logs that adapt themselves, each with what to say if it stays at its most.
    """

    line: Mapping[str, str]
    curves: Mapping[str, str]
    share: tuple[str, str] | None = None
    collapse: Collapse | None = None
    ceilings: Mapping[str, Ceiling] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Work:
    """The cost of one turn, per picture of the batch, by the network's name.

    Attributes:
        kept: how many times a network's activations are kept for the backward pass.
        passes: its arithmetic in units of forward passes. A backward pass costs two, or one if no
            kernel gets a gradient.
        times: how often the turn is taken in a step.
    """

    kept: Mapping[str, float]
    passes: Mapping[str, float]
    times: int = 1


@dataclasses.dataclass(frozen=True)
class Preview:
    """The content of a run's grids: the same inputs from the first step to the last.

    Attributes:
        draw: the system → pictures (N, H, W, C) in [-1, 1], row by row.
        columns: pictures in a row.
        captions: texts above the columns.
    """

    draw: Callable[[Any], np.ndarray]
    columns: int
    captions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Judged:
    """The pictures to measure during a training: the same inputs at every measurement.

    Attributes:
        draw: the system → pictures (count, H, W, C) in [-1, 1].
        domain: the recipe's domain with which they are compared.
        protocol: how they were made, for the record.
    """

    draw: Callable[[Any], np.ndarray]
    domain: str
    protocol: Mapping[str, Any]
