"""The pictures of a comparison: curves by step, and samples side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from comparison.plan import Plan
from comparison.trials import folder_of, result
from foreign.files import replaced
from media.sheet import titled
from training.callbacks.grids import write_png

WIDE = 1_200  # pixels


def curves(plan: Plan, folder: Path, names: Iterable[str], picture: Path) -> bool:
    """Draw a panel for each measure: the mean over seeds, with all seeds' range shaded.

    Args:
        folder: of the plan's runs.
        names: of the measures, or of logs.

    Returns:
        Whether there was a finished run to draw.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    runs = {
        title: [
            run["curve"]
            for seed in plan.seeds
            if (run := result(folder_of(folder, title, seed)))["state"] == "done"
        ]
        for title in plan.entries
    }
    names = list(names)
    if not any(runs.values()) or not names:
        return False
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(4.2 * columns, 3 * lines), dpi=80, layout="constrained",
        squeeze=False,
    )  # fmt: skip
    colours = plt.get_cmap("tab10" if len(runs) <= 10 else "tab20").colors
    for axis, name in zip(axes.flat, names, strict=False):
        for index, (title, found) in enumerate(runs.items()):
            if found:
                steps = [row["step"] for row in found[0]]
                values = np.array([[value_at(row, name) for row in curve] for curve in found])
                colour = colours[index % len(colours)]
                axis.plot(steps, values.mean(0), marker=".", label=title, color=colour)
                axis.fill_between(steps, values.min(0), values.max(0), alpha=0.07, color=colour)
        axis.set(title=name, xlabel="step")
    for axis in list(axes.flat)[len(names) :]:
        axis.set_axis_off()
    handles, labels = axes.flat[0].get_legend_handles_labels()
    wide = max(map(len, labels)) > 40
    figure.legend(handles, labels, loc="outside lower center", ncols=2 if wide else 4, fontsize=8)
    with replaced(picture, shared=True) as unfinished:
        figure.savefig(unfinished)
    plt.close(figure)
    return True


def value_at(row: dict, name: str) -> float:
    """A measure at a mark, or a log; NaN if it is neither."""
    return float(row.get(name, row.get("logs", {}).get(name, math.nan)))


def samples(plan: Plan, folder: Path, picture: Path) -> bool:
    """Draw the samples of every entry's first finished run, in a row or one below the other.

    Args and returns: as `curves`.
    """
    tiles = []
    for title in plan.entries:
        for seed in plan.seeds:
            path = folder_of(folder, title, seed) / "samples.png"
            if path.exists():
                tile = Image.open(path).convert("RGB")
                tiles.append(titled(tile, _wrapped(title, tile.width)))
                break
    if not tiles:
        return False
    width, height = (max(tile.size[axis] for tile in tiles) for axis in (0, 1))
    columns = max(1, min(len(tiles), WIDE // width))
    page = Image.new("RGB", (columns * width, -(-len(tiles) // columns) * height), "white")
    for index, tile in enumerate(tiles):
        page.paste(tile, (index % columns * width, index // columns * height))
    write_png(picture, page, shared=True)
    return True


def _wrapped(title: str, width: int) -> str:
    """A caption of several lines for a tile `width` pixels wide, broken after commas."""
    lines = [""]
    for part in title.replace(",", ",\n").split("\n"):
        if lines[-1] and len(lines[-1] + part) > width // 6:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
