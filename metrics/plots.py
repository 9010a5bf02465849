"""Plots of measures, as PNG files. They need no display."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, ScalarFormatter

from foreign.files import replaced
from metrics.intervals import Estimate
from metrics.prd import Curve


def _axes(title: str, x: str, y: str):
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(figure: Figure, path: str | Path) -> None:
    with replaced(Path(path)) as unfinished:
        figure.savefig(unfinished, dpi=120)


def quality_over_steps(
    histories: Mapping[str, Sequence[tuple[int, Estimate]]],
    measure: str,
    path: str | Path,
    floors: Mapping[str, float | None] | None = None,
    kept: Mapping[str, int | None] | None = None,
):
    """A measure against the training step: run name → (step, estimate), with its interval.

    A star marks each run's `kept` step, or its lowest where none is known. `floors`, reals against
    reals by run name, are dashed lines, below which no generator is expected; runs with the same
    floor share a line.
    """
    figure, axes = _axes(f"{measure} while training", "step", f"{measure}, lower is better")
    colours = {}
    for name, history in histories.items():
        steps = [step for step, _ in history]
        values = [one.value for _, one in history]
        (line,) = axes.plot(steps, values, marker="o", markersize=3, label=name)
        colours[name] = line.get_color()
        marked = (kept or {}).get(name)
        own = [entry for entry in history if entry[0] == marked]
        best = min(own or history, key=lambda entry: entry[1].value)
        axes.plot(best[0], best[1].value, "*", color=line.get_color(), markersize=13)
        lows = [one.value if one.low is None else one.low for _, one in history]
        highs = [one.value if one.high is None else one.high for _, one in history]
        axes.fill_between(steps, lows, highs, color=line.get_color(), alpha=0.2, linewidth=0)
    _draw_floors(axes, floors or {}, colours)
    _scale(axes)
    axes.legend()
    _save(figure, path)


def _draw_floors(axes, floors: Mapping[str, float | None], colours: Mapping[str, str]):
    known = {name: floor for name, floor in floors.items() if floor is not None}
    shared = len(set(known.values())) == 1
    for number, (name, floor) in enumerate(known.items()):
        if shared and number:
            break
        label = "reals against reals" if number == 0 else None
        axes.axhline(floor, color="black" if shared else colours[name], linestyle="--", label=label)


def _scale(axes):
    """A logarithmic axis for a wide range, so that late gains show; else one from zero."""
    values = [value for line in axes.lines for value in line.get_ydata()]
    if min(values) > 0 and max(values) > 4 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        axes.grid(alpha=0.15, which="minor")
    else:
        axes.set_ylim(bottom=0)


def precision_recall_curves(
    curves: Mapping[str, Curve], path: str | Path, floor: Curve | None = None
):
    """PRD curves by name, recall to the right and precision upwards, both 0..1.

    `floor` is the curve of reals against reals: the best possible for a generator.
    """
    figure, axes = _axes("Precision and recall (PRD)", "recall", "precision")
    for name, curve in curves.items():
        axes.plot(curve.recall, curve.precision, label=_label(name, curve), clip_on=False)
        if max(curve.f_scores) < 0.01:  # the whole curve is one point in the corner
            axes.plot(0, 0, "o", color=axes.lines[-1].get_color(), clip_on=False)
    if floor is not None:
        label = _label("reals against reals", floor)
        axes.plot(floor.recall, floor.precision, color="black", linestyle="--", label=label)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend()
    _save(figure, path)


def _label(name: str, curve: Curve) -> str:
    high, low = curve.f_scores
    return f"{name}: F8 {high:.3f}, F1/8 {low:.3f}"
