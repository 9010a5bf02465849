"""The numbers of a comparison: means over seeds, and differences beyond the seeds' spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comparison.plan import Plan
from comparison.trials import folder_of, result


@dataclass(frozen=True)
class Mean:
    """A number with the half-width of its 95 % t-interval (NaN if there is none)."""

    value: float
    half: float

    def __str__(self) -> str:
        spread = f" ± {self.half:.2g}" if math.isfinite(self.half) else ""
        return f"{self.value:.3g}{spread}"


def mean(values: list[float]) -> Mean:
    """The mean of one number per seed."""
    count = len(values)
    half = math.nan
    if count > 1:
        half = _t(count - 1) * float(np.std(values, ddof=1)) / math.sqrt(count)
    return Mean(float(np.mean(values)), half)


def difference(values: list[float], others: list[float]) -> Mean:
    """mean(values) - mean(others) with Welch's interval, which allows different variances."""
    gap = float(np.mean(values) - np.mean(others))
    if min(len(values), len(others)) < 2:
        return Mean(gap, math.nan)
    parts = [float(np.var(each, ddof=1)) / len(each) for each in (values, others)]
    total = sum(parts)
    if total == 0:
        return Mean(gap, 0.0)
    degrees = total**2 / sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (values, others), strict=True)
    )
    return Mean(gap, _t(degrees) * math.sqrt(total))


def _t(degrees: float) -> float:
    """The 97.5 % point of Student's distribution."""
    from scipy import stats

    return float(stats.t.ppf(0.975, degrees))


@dataclass(frozen=True)
class Row:
    """One entry: its last measures (a number per finished seed), run counts, time of a step."""

    title: str
    values: dict[str, list[float]]
    done: int
    failed: int
    step_seconds: float

    @property
    def measures(self) -> dict[str, Mean]:
        """The means over seeds, by name."""
        return {name: mean(values) for name, values in self.values.items()}


def rows(plan: Plan, folder: Path, names: list[str]) -> list[Row]:
    """One row an entry; only finished runs count."""
    table = []
    for title in plan.entries:
        runs = [result(folder_of(folder, title, seed)) for seed in plan.seeds]
        done = [run for run in runs if run["state"] == "done"]
        last = [run["curve"][-1] for run in done]
        values = {
            name: [row[name] for row in last]
            for name in names
            if last and all(name in row for row in last)
        }
        seconds = [run["seconds"] / plan.recipe(title).steps for run in done]
        failed = sum(run["state"] == "failed" for run in runs)
        time = float(np.median(seconds)) if seconds else math.nan
        table.append(Row(title, values, len(done), failed, time))
    return table


def best(table: list[Row], better: dict[str, str]) -> dict[str, set[str]]:
    """For every measure, the titles whose mean is best; none if all are equal.

    One of whose runs some have failed is left out: those that are left are its better ones.
    """
    found = {}
    whole = [row for row in table if not row.failed]
    for name, direction in better.items():
        means = {row.title: row.measures[name].value for row in whole if name in row.values}
        if means:
            most = max(means.values()) if direction == "max" else min(means.values())
            winners = {title for title, value in means.items() if value == most}
            found[name] = winners if len(winners) < len(means) or len(means) == 1 else set()
    return found


def verdicts(table: list[Row], better: dict[str, str]) -> list[tuple[str, str]]:
    """(title, sentence) for every entry after the first: what is better, worse, or not clear.

    A difference counts if its interval does not contain 0. An entry is left out if it or the first
    entry has fewer than two finished runs, or one that failed.
    """
    found = []
    first = table[0]
    for row in table[1:]:
        if min(row.done, first.done) < 2 or row.failed or first.failed:
            continue
        groups: dict[str, list[str]] = {"better": [], "worse": [], "no clear difference": []}
        for name, direction in better.items():
            gap = difference(row.values[name], first.values[name])
            if abs(gap.value) <= gap.half:
                groups["no clear difference"].append(name)
                continue
            kind = "better" if (gap.value > 0) == (direction == "max") else "worse"
            sign = "+" if gap.value > 0 else "−"
            groups[kind].append(f"{name} ({sign}{abs(gap.value):.2g} ± {gap.half:.2g})")
        parts = [f"{kind} in {', '.join(names)}" for kind, names in groups.items() if names]
        found.append((row.title, "; ".join(parts) + "."))
    return found
