"""`singular_values.csv` and `.png`: the largest singular values of a few kernels over training.

BigGAN's analysis of instability (arXiv:1809.11096, section 4.1): the first singular value of the
generator's first layers grows and spikes before the collapse.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import ops

from foreign.files import replaced
from layers import SelfAttention
from runs.rows import column, read_rows
from training.callbacks.base import Redrawing, StepCallback
from training.callbacks.csv_log import CSVLog

COUNT = 3  # singular values per kernel


class SingularValues(StepCallback):
    """Log the values to `log` every `every` steps, and draw them in `picture`: see `Redrawing`.

    The kernels are measured before spectral normalisation, since their growth is the warning sign.
    A run that continues from `first_step` first drops the rows after it. `listeners` get (step,
    the first singular value of each kernel).
    """

    def __init__(self, log: Path, picture: Path, every: int, first_step: int = 0) -> None:
        super().__init__()
        self._log, self._picture, self.every = log, picture, every
        self._csv = CSVLog(log, first_step)
        self._redrawing = Redrawing()
        self.listeners: list[Callable[[int, dict[str, float]], None]] = []

    def on_step(self, step: int) -> None:
        """Measure and log; draw if it is time."""
        row = {"step": float(step)}
        for network in (getattr(self.model, name) for name in self.model.network_names):
            for name, layer in watched(network).items():
                for rank, value in enumerate(singular_values(layer), start=1):
                    row[f"{network.name}/{name}/{rank}"] = float(value)
        self._csv.on_rows([row])
        if self._redrawing.due(step, self.last_step):
            plot(self._log, self._picture)
        first = {name[:-2]: value for name, value in row.items() if name.endswith("/1")}
        for tell in self.listeners:
            tell(step, first)

    def on_train_end(self, logs: object = None) -> None:
        """Close the file."""
        self._csv.close()


def watched(network: keras.Model) -> dict[str, keras.Layer]:
    """The layers to watch by their names: the first, the attention's convolutions, the last."""
    layers = [layer for layer in network._flatten_layers() if _has_kernel(layer)]
    inside = {
        id(layer): attention.name
        for attention in network._flatten_layers()
        if isinstance(attention, SelfAttention)
        for layer in attention._flatten_layers()
    }
    plain = [layer for layer in layers if id(layer) not in inside]
    if not plain:
        return {}
    chosen = [plain[0], *(layer for layer in layers if id(layer) in inside), plain[-1]]
    return {
        f"{inside[id(layer)]}/{layer.name}" if id(layer) in inside else layer.name: layer
        for layer in chosen
    }


def singular_values(layer: keras.Layer, count: int = COUNT) -> np.ndarray:
    """The `count` largest singular values of the layer's kernel as a matrix; fewer if it is small.

    They come from the eigenvalues of the smaller of W^T W and W W^T, in float64. That is exact
    enough for the largest ones, and far cheaper than an SVD of a 9216 × 1024 kernel.
    """
    kernel = ops.convert_to_numpy(layer.kernel).astype("float64")
    if isinstance(layer, keras.layers.Conv2DTranspose):  # (h, w, outputs, inputs)
        kernel = np.swapaxes(kernel, 2, 3)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    values = np.linalg.eigvalsh(matrix.T @ matrix)[::-1][:count]
    return np.sqrt(np.maximum(values, 0.0))


def _has_kernel(layer: keras.Layer) -> bool:
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.Dense)
    return isinstance(layer, kinds)


def plot(log: Path, picture: Path) -> None:
    """Draw the first singular values in the CSV file `log` as the PNG file `picture`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = read_rows(log)
    first = [name.removesuffix("/1") for name in rows[0] if name.endswith("/1")] if rows else []
    if not first:
        return
    steps = column(rows, "step")
    networks = list(dict.fromkeys(name.split("/")[0] for name in first))
    figure = Figure(figsize=(9, 3.2 * len(networks)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, network in zip(
        figure.subplots(len(networks), 1, sharex=True, squeeze=False)[:, 0], networks, strict=True
    ):
        for name in (name for name in first if name.startswith(f"{network}/")):
            label = name.removeprefix(f"{network}/")
            axes.plot(steps, column(rows, f"{name}/1"), label=label, marker=".")
        axes.set_title(f"{network}: first singular value of the raw kernels")
        axes.legend(loc="upper left", fontsize="small")
        axes.grid(alpha=0.3)
    axes.set_xlabel("step")
    with replaced(picture) as unfinished:
        figure.savefig(unfinished, dpi=110)
