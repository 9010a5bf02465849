"""What every study has: comparisons, whose arms are trained with several seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from comparison.plan import Plan
from console.wording import counted


@dataclasses.dataclass(frozen=True)
class Study:
    """A study at one scale.

    Attributes:
        name: the plan's, without folder and ending.
        about, about_scale: what the plan says of itself and of the scale.
        plans: comparison → its arms as entries of a `comparison.plan.Plan`.
        words: comparison → arm → what compare.py would be told.
    """

    name: str
    title: str
    about: str
    scale: str
    about_scale: str
    plans: dict[str, Plan]
    words: dict[str, dict[str, str]]

    def to_dict(self) -> dict[str, Any]:
        """As JSON: all that the results depend on, so neither seeds nor words."""
        return {
            "study": self.name,
            "scale": self.scale,
            "comparisons": {name: plan.to_dict() for name, plan in self.plans.items()},
        }

    def arms(self, comparison: str) -> list[str]:
        """The arms of a comparison that are trained, in the plan's order."""
        return list(self.plans[comparison].entries)

    def representatives(self, comparison: str) -> list[str]:
        """The arms of a comparison that are built before any is trained."""
        return list(self.plans[comparison].entries)

    def runs(self) -> Iterator[tuple[str, str, int]]:
        """(comparison, arm, seed) of all runs, the first seed of everything first."""
        for seed in sorted({seed for plan in self.plans.values() for seed in plan.seeds}):
            for name, plan in self.plans.items():
                if seed in plan.seeds:
                    for arm in self.arms(name):
                        yield name, arm, seed

    def listing(self) -> list[str]:
        """What is trained, line by line."""
        lines = [f"{self.title} ({self.scale}: {self.about_scale})"]
        for name, plan in self.plans.items():
            settings = plan.settings
            length = f"{settings.minutes:g} min" if settings.minutes else ""
            if not (arms := self.arms(name)):
                continue
            lines.append(
                f"{name}: {counted(len(arms), 'arm')} × {counted(settings.seeds, 'seed')} "
                f"on {settings.data}"
            )
            lines += [
                f"  {arm}: {length or f'{plan.entries[arm].steps:,} steps'} "
                f"of {self.words[name][arm]}"
                for arm in arms
            ]
        return lines
