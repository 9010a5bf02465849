"""Drawing the frames of the scenes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

REAL, FAKE, JUDGED, EXACT = "#1b7f4d", "#c2410c", "#1d4ed8", "#555555"


def drawn(panels: list[Callable[[Any], None]], title: str, columns: int = 3) -> Image.Image:
    """A frame of panels, each drawn by a function of its matplotlib axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.1 * columns, 2.9 * rows), dpi=80, layout="constrained",
        squeeze=False,
    )  # fmt: skip
    try:
        figure.suptitle(title, fontsize=11)
        for axis, draw in zip(axes.flat, panels, strict=False):
            draw(axis)
            axis.tick_params(labelsize=7)
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    finally:
        plt.close(figure)
    return Image.open(buffer).convert("RGB")


def curves(
    steps: list[int], lines: dict[str, tuple[list[float], str, str]], last: int, **settings: Any
) -> Callable[[Any], None]:
    """A panel of numbers by step: name → (values, colour, line style)."""

    def draw(axis: Any) -> None:
        for name, (values, colour, style) in lines.items():
            # matplotlib leaves out of a legend what begins with "_".
            shown = f"_{name}" if name.endswith(", exact") else name
            axis.plot(steps, values, style, color=colour, label=shown, markersize=3)
        axis.set(xlim=(0, last), xlabel="step", **settings)
        axis.legend(fontsize=7)

    return draw
