"""Say once that a number which adapts itself has stayed at its most."""

from __future__ import annotations

from collections.abc import Mapping

from console.screen import say
from models.outputs import Ceiling
from models.recipe import Recipe
from runs.rows import Row
from training.callbacks.base import StepCallback

LONG = 500  # steps in a row


class Ceilings(StepCallback):
    """Watch the logs `ceilings`, whose most are fields of `recipe`; logs that are absent are fine.

    A resumed run counts from its own first step.
    """

    def __init__(self, ceilings: Mapping[str, Ceiling], recipe: Recipe) -> None:
        super().__init__()
        self._ceilings = dict(ceilings)
        self._most = {name: getattr(recipe, one.field) for name, one in ceilings.items()}
        self._steps = dict.fromkeys(ceilings, 0)

    def on_rows(self, rows: list[Row]) -> None:
        """Count the steps at the top."""
        for row in rows:
            for name in self._steps:
                at_most = row.get(name, 0.0) >= max(self._most[name] * (1 - 1e-6), 1e-9)
                self._steps[name] = self._steps[name] + 1 if at_most else 0
                if self._steps[name] == LONG:
                    say(self._words(name, int(row["step"])))

    def _words(self, name: str, step: int) -> str:
        return (
            f"step {step:,}: {name} has been at its most, {self._most[name]:g}, for {LONG} steps: "
            f"{self._ceilings[name].advice}"
        )
