"""`losses.png`: the losses of a system against the step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foreign.files import replaced
from models.outputs import Watched
from runs.rows import columns as read_columns
from runs.rows import plottable
from training.callbacks.base import Redrawing, StepCallback

_POINTS = 1_000  # more could not be told apart in the picture


class LossPlot(StepCallback):
    """Draw `losses.png` from `losses.csv`, every `every` steps at most: see `Redrawing`."""

    def __init__(self, watched: Watched, log: Path, picture: Path, every: int) -> None:
        super().__init__()
        self._watched, self._log, self._picture, self.every = watched, log, picture, every
        self._redrawing = Redrawing()

    def on_step(self, step: int) -> None:
        """Redraw the plot if it is time."""
        if self._redrawing.due(step, self.last_step):
            plot_losses(self._watched, self._log, self._picture)


def plot_losses(watched: Watched, log: Path, picture: Path) -> None:
    """Draw the curves of `watched` in the CSV file `log` as the PNG file `picture`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = {name: plottable(values) for name, values in read_columns(log).items()}
    if not columns:
        return
    steps = _thin(columns["step"])
    # No pyplot: it would keep global state and may open a window.
    figure = Figure(figsize=(9, 6), layout="constrained")
    FigureCanvasAgg(figure)
    share, label_of_share = watched.share or ("", "")
    shares = share in columns  # only losses that can be exactly 0 have it
    losses, *rest = figure.subplots(
        1 + shares, 1, sharex=True, squeeze=False, height_ratios=[2, 1][: 1 + shares]
    )[:, 0]
    curves = [(columns[name], label) for name, label in watched.curves.items() if name in columns]
    for number, (raw, label) in enumerate(curves):
        colour = f"C{number}"
        losses.plot(steps, _thin(raw), color=colour, alpha=0.25, linewidth=0.6)
        losses.plot(steps, _thin(_smooth(raw)), color=colour, label=label)
    losses.set_ylabel("loss")
    if curves:
        losses.legend(loc="upper right")
    for panel in rest:
        panel.plot(steps, 100 * _thin(_smooth(columns[share])), color="C3")
        panel.set_ylim(0, 100)
        panel.set_ylabel(label_of_share)
    for axes in (losses, *rest):
        axes.grid(alpha=0.3)
    axes.set_xlabel("step")
    with replaced(picture) as unfinished:
        figure.savefig(unfinished, dpi=110)


def _smooth(values: np.ndarray) -> np.ndarray:
    """Mean over a centred window of about a fiftieth of the run."""
    window = max(1, len(values) // 50) | 1
    sums = np.cumsum(np.concatenate([[0.0], np.nan_to_num(values)]))
    low = np.maximum(np.arange(len(values)) - window // 2, 0)
    high = np.minimum(np.arange(len(values)) + window // 2 + 1, len(values))
    return (sums[high] - sums[low]) / (high - low)


def _thin(values: np.ndarray) -> np.ndarray:
    return values[:: max(1, len(values) // _POINTS)]
