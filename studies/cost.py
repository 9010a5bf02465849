"""How long the runs of a study take on a machine of a given speed, before any is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator

from comparison.plan import Plan
from console.wording import counted, duration
from layers import initializers
from models.recipe import Recipe
from models.systems import system_class
from studies.searches import Search
from studies.study import Study
from training.estimate import estimate


def listing(study: Study, speed: float) -> list[str]:
    """A line for each comparison, and one for all.

    Training alone: measuring and the first, slower steps come on top. Comparisons of equal minutes
    take these, on any machine.

    Args:
        speed: operations per second that training reaches.
    """
    lines, whole = [], 0.0
    for name, plan, arms, built in _comparisons(study):
        settings = plan.settings
        runs = len(arms) * settings.seeds
        if settings.minutes:
            seconds, work = 60 * settings.minutes * runs, f"{settings.minutes:g} min each"
        else:
            operations = sum(_operations(plan.entries[arm]) for arm in built) / len(built) * runs
            seconds, work = operations / speed, f"{_power(operations)} operations"
        whole += seconds
        lines.append(f"{name}: {counted(runs, 'run')}, {work}: {duration(seconds)}")
    lines.append(f"together {duration(whole)} of training at {speed / 1e12:g} TFLOP/s")
    return lines


def _comparisons(study: Study) -> Iterator[tuple[str, Plan, list[str], list[str]]]:
    """(name, plan, arms, those of them that are looked at) of all that is trained."""
    for name, plan in study.plans.items():
        if arms := study.arms(name):
            yield name, plan, arms, study.representatives(name)
    if isinstance(study, Search):  # which settings are the best is not known yet
        some = {model: f"{model} 0" for model in study.models}
        yield from _comparisons(study.again(dict.fromkeys(study.plans, some)))


def _operations(recipe: Recipe) -> float:
    """Arithmetic operations of a run."""
    with initializers.blank():  # nothing is drawn for networks that are only looked at
        system = system_class(recipe)(recipe)
    return recipe.steps * estimate(system, "gpu").flops


def _power(number: float) -> str:
    """Such as 3.2·10^18."""
    exponent = math.floor(math.log10(number))
    return f"{number / 10**exponent:.2g}·10^{exponent}"
