"""Plots of measures, as PNG files. They need no display."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from metrics.intervals import Estimate
from metrics.prd import Curve


def _axes(title: str, x: str, y: str):
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def quality_over_steps(
    histories: Mapping[str, Sequence[tuple[int, Estimate]]],
    measure: str,
    path: str | Path,
    floor: float | None = None,
):
    """A measure against the training step: run name → (step, estimate), with its interval.

    The floor, reals against reals, is drawn as a dashed line: nothing can be better.
    """
    figure, axes = _axes(f"{measure} while training", "step", measure)
    for name, history in histories.items():
        steps = [step for step, _ in history]
        values = [one.value for _, one in history]
        (line,) = axes.plot(steps, values, marker="o", markersize=3, label=name)
        best = min(history, key=lambda entry: entry[1].value)
        axes.plot(best[0], best[1].value, "*", color=line.get_color(), markersize=13)
        lows = [one.value if one.low is None else one.low for _, one in history]
        highs = [one.value if one.high is None else one.high for _, one in history]
        axes.fill_between(steps, lows, highs, color=line.get_color(), alpha=0.2, linewidth=0)
    if floor is not None:
        axes.axhline(floor, color="gray", linestyle="--", label="reals against reals")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(path, dpi=120)


def precision_recall_curves(curves: Mapping[str, Curve], path: str | Path):
    """PRD curves by name, recall to the right and precision upwards, both 0..1."""
    figure, axes = _axes("Precision and recall (PRD)", "recall", "precision")
    for name, curve in curves.items():
        high, low = curve.f_scores
        axes.plot(curve.recall, curve.precision, label=f"{name}: F8 {high:.3f}, F1/8 {low:.3f}")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend()
    figure.savefig(path, dpi=120)
