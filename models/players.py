"""Who moves in a training step: players, and the turns that they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from models.descent import Batch

Logs = dict[str, Any]  # scalars by name


@dataclass(frozen=True)
class Player:
    """The networks that one optimizer trains, at one learning rate."""

    networks: Sequence[keras.Model]
    rate: float

    @property
    def variables(self) -> list[keras.Variable]:
        """The trainable variables of all its networks."""
        return [v for network in self.networks for v in network.trainable_variables]


def column(batch: Batch, index: int) -> Batch:
    """Column `index` of every array (B, columns, …): a turn's default part of a batch."""
    return {name: array[:, index] for name, array in batch.items()}


@dataclass(frozen=True)
class Turn:
    """One optimizer step of a training step.

    Attributes:
        player: the name of the player that is trained.
        loss: (part, given) → (scalar to be minimised, logs), on a micro-batch `part`.
        given: part → data computed first, without gradient, such as the discriminator's fakes.
        takes: (batch, index) → the turn's arrays (B, …), which are cut into micro-batches.
        times: how many times in a row; `index` counts them, so that each sees different data.
        after: called at the end of each, for example to clip weights.
        when: the logs of the step so far → whether the player moves, a boolean. If not, its
            networks and its optimizer stay as they were. The loss is computed and logged all the
            same.
    """

    player: str
    loss: Callable[[Batch, Any], tuple[Any, Logs]]
    given: Callable[[Batch], Any] = lambda part: ()
    takes: Callable[[Batch, int], Batch] = column
    times: int = 1
    after: Callable[[], None] = lambda: None
    when: Callable[[Logs], Any] | None = None
