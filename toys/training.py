"""How well a GAN has learned a toy world: exact measures, and a film of four panels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from datasets import toy as worlds
from media import film
from metrics import toy as measures
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from training.feed import Feed
from training.loop import compiled, steps_at_once

POINTS = 2_500  # the literature's sample size for modes covered
MOVED = 500  # points of the Earth-Mover distance, which is cubic in them
CELLS = {1: 240, 2: 96}  # per side of the region that densities are compared on
SHOWN = {1: 20_000, 2: 1_000}  # points of a picture: a histogram takes more than a scatter plot
_DENSE = 0.01  # of the highest density: where there is less, no D is seen


def begun(
    recipe: GANRecipe, world: worlds.Mixture, seed: int, marks: Sequence[int]
) -> tuple[GAN, Feed]:
    """A GAN that will be looked at after each of `marks` steps, and the points that it sees."""
    gan = GAN(
        recipe,
        seed=seed,
        jit_compile=compiled(recipe),
        steps_per_execution=steps_at_once(*marks),
    )
    return gan, Feed(worlds.open_world(world.name), recipe, seed)


@dataclass(frozen=True)
class Region:
    """A square around a world's modes, cut into cells."""

    low: float
    high: float
    dim: int

    @property
    def cells(self) -> int:
        """Cells per side."""
        return CELLS[self.dim]

    @property
    def cell(self) -> float:
        """Length or area of a cell."""
        return ((self.high - self.low) / self.cells) ** self.dim

    def centres(self) -> np.ndarray:
        """The centres of all cells, (cells^dim, dim); the first coordinate changes fastest."""
        edges = np.linspace(self.low, self.high, self.cells + 1)
        middle = (edges[:-1] + edges[1:]) / 2
        if self.dim == 1:
            return middle[:, None]
        return np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)

    def histogram(self, points: np.ndarray) -> np.ndarray:
        """The density of a sample (N, dim) on the cells, (cells^dim,), without points outside."""
        edges = [np.linspace(self.low, self.high, self.cells + 1)] * self.dim
        counts, _ = np.histogramdd(points, bins=edges)
        return (counts.T.ravel() / len(points)) / self.cell

    def whole_histogram(self, points: np.ndarray) -> np.ndarray:
        """`histogram` with one more cell for all points outside: (cells^dim + 1,), of mass 1."""
        inside = self.histogram(points)
        return np.append(inside, max(0.0, 1 / self.cell - inside.sum()))


def region(world: worlds.Mixture) -> Region:
    """The square that holds the modes and 30 % more."""
    reach = 1.3 * (np.abs(world.means).max() + 3 * world.deviation)
    return Region(-reach, reach, world.dim)


def measure(gan: GAN, world: worlds.Mixture, seed: int = 0) -> dict[str, float]:
    """`measure_points` of the averaged generator on fixed latents."""
    return measure_points(
        gan.sample(gan.draw_latents(POINTS, seed), batch_size=POINTS), world, seed
    )


def measure_points(points: np.ndarray, world: worlds.Mixture, seed: int = 0) -> dict[str, float]:
    """Modes covered, share of high quality, entropy over the modes, EM distance and 2·JSD - log 4.

    `points` (`POINTS`, dim) are compared with as many points of the world, drawn with `seed`.
    """
    real = world.sample(POINTS, np.random.Generator(np.random.Philox(key=[seed, 1])))
    spread = measures.coverage(points, world.means, world.deviation)
    area = region(world)
    return {
        "modes covered": float(spread.covered),
        "high quality": spread.high_quality,
        "mode entropy": spread.entropy,
        "EM distance": measures.earth_mover(points[:MOVED], real[:MOVED]),
        "2 JSD - log 4": float(
            measures.optimal_value(
                area.whole_histogram(real), area.whole_histogram(points), area.cell
            )
        ),
    }


def shown(gan: GAN, world: worlds.Mixture, seed: int = 1) -> np.ndarray:
    """The points of a picture, of the averaged generator: (N, dim)."""
    return gan.sample(gan.draw_latents(SHOWN[world.dim], seed), batch_size=1_000)


def logits(gan: GAN, points: np.ndarray) -> np.ndarray:
    """D's logits at points (N, dim): float32 (N,)."""
    points = np.asarray(points, "float32")
    judged = gan.discriminator.predict_on_batch([points, np.zeros(len(points), "int32")])
    return np.asarray(judged, "float32")[:, 0]


def surface(gan: GAN, area: Region) -> np.ndarray:
    """D's logits at the centres of the cells: (cells^dim,)."""
    return logits(gan, area.centres())


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-logits)), which neither overflows nor rounds small values to 0."""
    return np.exp(-np.logaddexp(0.0, -logits))


def visible_optimum(data: np.ndarray, made: np.ndarray) -> np.ndarray:
    """The best D of two densities (N,); NaN where there is nothing to tell apart."""
    best = measures.optimal_discriminator(data, made)
    best[data + made < _DENSE * data.max()] = np.nan
    return best


def scatter(gan: GAN, world: worlds.Mixture, size: int = 240) -> Image.Image:
    """Samples (the modes' centres in green), size × size pixels; in 1-D a histogram of them."""
    area = region(world)
    points = shown(gan, world)
    page = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(page)
    scale = size / (area.high - area.low)
    if world.dim == 1:
        heights = area.histogram(points) / world.density(area.centres()).max() * 0.7 * size
        for x, height in zip((area.centres()[:, 0] - area.low) * scale, heights, strict=True):
            draw.line([(x, size), (x, size - height)], fill="#c2410c")
        return page
    for places, colour, radius in ((world.means, "#1b7f4d", 4), (points, "#c2410c", 1)):
        for x, y in (places - area.low) * scale:
            box = [x - radius, size - y - radius, x + radius, size - y + radius]
            draw.ellipse(box, fill=colour)
    draw.rectangle([0, 0, size - 1, size - 1], outline="#dddddd")
    return page


class Film:
    """Frames of four panels: the data, G's samples, D's surface, the measures so far."""

    def __init__(self, world: worlds.Mixture, title: str, seed: int = 0) -> None:
        self.world, self.title, self.seed = world, title, seed
        self.area = region(world)
        rng = np.random.Generator(np.random.Philox(key=[seed, 2]))
        self.real = world.sample(SHOWN[2], rng)
        self.history: list[tuple[int, dict[str, float]]] = []
        self.frames: list[Image.Image] = []

    def shoot(self, gan: GAN) -> dict[str, float]:
        """Measure `gan` and add a frame; returns the measures."""
        found = measure(gan, self.world, self.seed)
        self.history.append((gan.step, found))
        self.frames.append(self._frame(gan))
        return found

    def _frame(self, gan: GAN) -> Image.Image:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        points = shown(gan, self.world, self.seed + 1)
        figure, axes = plt.subplots(2, 2, figsize=(6.4, 6.6), dpi=75, layout="constrained")
        try:
            figure.suptitle(f"{self.title}, step {gan.step:,}", fontsize=11)
            panel = self._line if self.world.dim == 1 else self._plane
            panel(axes, points, surface(gan, self.area))
            self._curves(axes[1, 1])
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png")
        finally:
            plt.close(figure)
        return Image.open(buffer).convert("RGB")

    def _plane(self, axes, points, logits) -> None:
        low, high, side = self.area.low, self.area.high, self.area.cells
        for axis, shown, colour, name in (
            (axes[0, 0], self.real, "#1b7f4d", "data"),
            (axes[0, 1], points, "#c2410c", "generator"),
        ):
            axis.scatter(shown[:, 0], shown[:, 1], s=3, alpha=0.5, color=colour, linewidths=0)
            axis.set_title(name, fontsize=10)
        judged = sigmoid(logits).reshape(side, side)
        axes[1, 0].imshow(
            judged, origin="lower", extent=(low, high, low, high), cmap="RdYlGn", vmin=0, vmax=1
        )
        axes[1, 0].scatter(points[:, 0], points[:, 1], s=1.5, color="black", linewidths=0)
        axes[1, 0].set_title("discriminator (green: real) and samples", fontsize=10)
        for axis in (axes[0, 0], axes[0, 1], axes[1, 0]):
            axis.set(xlim=(low, high), ylim=(low, high), aspect="equal", xticks=[], yticks=[])

    def _line(self, axes, points, logits) -> None:
        centres = self.area.centres()[:, 0]
        data, made = self.world.density(centres[:, None]), self.area.histogram(points)
        axes[0, 0].plot(centres, data, color="#1b7f4d")
        axes[0, 0].set_title("data", fontsize=10)
        axes[0, 1].fill_between(centres, made, color="#c2410c", alpha=0.6)
        axes[0, 1].set_title("generator", fontsize=10)
        axes[1, 0].plot(centres, sigmoid(logits), label="D")
        best = visible_optimum(data, made)
        axes[1, 0].plot(centres, best, ":", color="grey", label="p_data / (p_data + p_g)")
        axes[1, 0].set(ylim=(0, 1))
        axes[1, 0].legend(fontsize=7)
        axes[1, 0].set_title("discriminator", fontsize=10)

    def _curves(self, axis) -> None:
        steps = [step for step, _ in self.history]
        covered = [found["modes covered"] / len(self.world.means) for _, found in self.history]
        good = [found["high quality"] for _, found in self.history]
        axis.plot(steps, covered, marker=".", label="modes covered")
        axis.plot(steps, good, marker=".", label="high quality")
        axis.set(ylim=(-0.03, 1.03), xlabel="step")
        axis.legend(fontsize=8, loc="lower right")
        axis.set_title("measures", fontsize=10)

    def save(self, path: Path) -> None:
        """Write the film as a looping GIF; the last frame stays for two seconds."""
        film.write(path, [np.asarray(frame) for frame in self.frames], seconds=0.12, last=2.0)
