"""The report of a search: a table for each data set first, then what a smaller budget finds."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np

from comparison import pictures
from comparison.table import mean
from console.wording import counted, duration
from foreign.files import replaced, write_text
from studies import choosing, verdict
from studies.report import missing
from studies.results import Results, judged_by
from studies.searches import Search, again
from studies.study import Study


def write(search: Search, folder: Path) -> Path:
    """Write report.md with its pictures into the search's folder; returns its path."""
    best = choosing.again(search, folder)
    lines = [f"# {search.title}", ""]
    for name in search.plans:
        lines += [*_table(search, best, folder, name), ""]
    lines += [*_frame(search, best, folder)]
    for name in search.plans:
        lines += ["", *_section(search, best, folder, name)]
    path = folder / "report.md"
    write_text(path, "\n".join(lines) + "\n", shared=True)
    return path


def _table(search: Search, best: Study, folder: Path, name: str) -> list[str]:
    """A line for each model: its best setting with further seeds, and all of its settings."""
    judged = search.judged[name]
    arrow = "↑" if Results(search, folder).direction(name, judged.measure) == "max" else "↓"
    title = f"{name}: {judged.measure} {arrow}"
    lines = [
        f"| {title} | best setting again | best | median | worst | failed |",
        "|---|---|---|---|---|---|",
    ]
    for model in search.models:
        known = [*choosing.numbers(search, folder, name, model).values()]
        if not known:
            lines.append(f"| {model} | – | – | – | – | – |")
            continue
        ordered = sorted(known, reverse=arrow == "↑")
        share = choosing.failed(search, folder, name, model)
        again_words = "–"
        if values := _again(search, best, folder, name).get(model):
            again_words = str(mean(values))
        lines.append(
            f"| {model} | {again_words} | {ordered[0]:.3g} | {float(np.median(known)):.3g} | "
            f"{ordered[-1]:.3g} | {share:.0%} of {len(known)} |"
        )
    return lines


def _again(search: Search, best: Study, folder: Path, name: str) -> dict[str, list[float]]:
    """Model → the numbers of its best setting, over seeds."""
    results, measure = Results(best, folder), search.judged[name].measure
    found = {}
    for arm in best.plans[again(name)].entries if again(name) in best.plans else ():
        found[_model(arm)] = [*results.numbers(again(name), arm, measure).values()]
    return found


def _model(arm: str) -> str:
    return arm.rpartition(" ")[0]


def _frame(search: Search, best: Study, folder: Path) -> list[str]:
    """How it was searched, at what scale, and what is missing."""
    results = Results(search, folder)
    every = [results, Results(best, folder)] if best.plans else [results]
    lines = [
        search.about,
        "",
        f"{counted(search.settings, 'setting')} of each model, one run each: the plan's own, and "
        f"others drawn from the ranges. The best one again with "
        f"{counted(search.seeds, 'other seed')}: mean with its 95 % interval. "
        f"{search.about_scale}".rstrip(". ")
        + ".",
        "",
        f"All runs trained for {duration(sum(each.seconds() for each in every))} together.",
    ]
    return lines + [line for each in every for line in missing(each)]


def _section(search: Search, best: Study, folder: Path, name: str) -> list[str]:
    """A data set: budget, settings, differences, samples, the best settings."""
    judged, protocol = search.judged[name], judged_by(folder / name)[1]
    lines = [f"## {name}", "", protocol, ""]
    lines.append(f"A run counts as failed if it diverges or its {judged.measure} is worse than "
                 f"{judged.failed:g}.")  # fmt: skip
    if _drawn(search, best, folder, name):
        lines += ["", f"![{name}: by budget, and all settings]({name}-search.png)"]
    lines += ["", *_differences(search, best, folder, name)]
    if (plan := best.plans.get(again(name))) and pictures.samples(
        plan, folder / again(name), folder / f"{name}-samples.png"
    ):
        lines += ["", f"![{name}: samples of the best settings]({name}-samples.png)"]
    words = best.words.get(again(name), {})
    return [*lines, "", *(f"- `{arm}`: `{word}`" for arm, word in words.items())]


def _differences(search: Search, best: Study, folder: Path, name: str) -> list[str]:
    """The pairs of models whose best settings differ beyond the seeds' spread."""
    values = _again(search, best, folder, name)
    pairs = [
        (one, other, *verdict.welch(values[one], values[other]))
        for one, other in itertools.combinations(values, 2)
    ]
    pairs = [pair for pair in pairs if not math.isnan(pair[3])]
    corrected = verdict.holm([p for *_, p in pairs])
    better = (
        -1 if Results(search, folder).direction(name, search.judged[name].measure) == "max" else 1
    )
    seen = []
    for (one, other, gap, _), p in zip(pairs, corrected, strict=True):
        if p < verdict.LEVEL:
            ahead, behind = (one, other) if better * gap.value < 0 else (other, one)
            gap = dataclasses.replace(gap, value=abs(gap.value))
            seen.append(f"- {ahead} before {behind} by {gap} (p {p:.2g})")
    head = (
        f"Of {counted(len(pairs), 'pair')} of models, {len(seen)} differ by Welch's t-test over "
        f"seeds with Holm's correction{':' if seen else '.'}"
    )
    return [head, "", *seen] if seen else [head]


def _drawn(search: Search, best: Study, folder: Path, name: str) -> bool:
    """Draw what a smaller budget finds beside a box of all settings, a colour for each model.

    Returns whether there was a run to draw.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    known = {
        model: [*numbers.values()]
        for model in search.models
        if (numbers := choosing.numbers(search, folder, name, model))
    }
    if not known:
        return False
    measure = search.judged[name].measure
    direction = Results(search, folder).direction(name, measure)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), dpi=80, layout="constrained")
    for index, (model, values) in enumerate(known.items()):
        colour = f"C{index}"
        budget = range(1, len(values) + 1)
        found = [choosing.best_of(values, k, direction) for k in budget]
        left.plot(budget, [each.mean for each in found], label=model, color=colour, marker=".")
        left.fill_between(
            budget, [each.low for each in found], [each.high for each in found],
            color=colour, alpha=0.06,
        )  # fmt: skip
        box = right.boxplot(values, positions=[index], widths=0.6, showfliers=True)
        for part in itertools.chain.from_iterable(box.values()):
            part.set_color(colour)
        over_seeds = _again(search, best, folder, name).get(model, [])
        right.plot([index] * len(over_seeds), over_seeds, "x", color="black")
    right.set_xticks(range(len(known)), list(known), rotation=30, ha="right")
    left.set(title="the best of so many settings", xlabel="settings tried", ylabel=measure)
    right.set(title="all settings, and the best over seeds (×)", ylabel=measure)
    left.legend(fontsize=8)
    with replaced(folder / f"{name}-search.png", shared=True) as unfinished:
        figure.savefig(unfinished)
    plt.close(figure)
    return True
