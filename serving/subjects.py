"""What can be measured: a generator, a network on pictures, or a folder of pictures."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import datasets
from console.errors import UserError
from datasets import decode
from datasets.errors import PictureError
from datasets.sources import evenly
from metrics import weights
from serving.labels import LabelSet

if TYPE_CHECKING:
    from models.recipe import Recipe
    from serving.ager import Ager
    from serving.colourer import Colourer
    from serving.generator import Generator
    from serving.upscaler import Upscaler

    Restorer = Colourer | Upscaler


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How fakes are drawn from a generator."""

    weights: str = "ema"
    seed: int = 0
    truncation: float = 1.0
    statistics: str = "auto"
    batch_size: int = 64


def averaged(metadata: Mapping[str, Any], asked: str = "ema") -> str:
    """Whether a network's weights are "raw", in training, or "ema", as the best ones are too.

    Args:
        metadata: of the network; an exported file says there which weights it was made of.
        asked: the weights of a network that does not say it.
    """
    return "raw" if metadata.get("weights", asked) == "raw" else "ema"


def identity(network: Generator | Ager | Restorer) -> dict[str, Any]:
    """Which network of which training it is: what a record of its measures must equal."""
    known, origin = network.metadata, Path(network.origin)
    return {
        "recipe": network.recipe.name,
        # Of several networks in one checkpoint: what it makes, or does.
        "network": known.get("title") or known.get("verb", "generate"),
        "weights_sha256": weights.sha256(origin) if origin.is_file() else None,
        "step": known.get("step"),
        "data_fingerprint": known.get("data_fingerprint"),
    }


class Drawn:
    """Fakes drawn from a generator, a batch at a time.

    `open_generator` is called when the first picture is needed, so that many checkpoints can be
    measured one after the other; `release` frees the generator again. `run` is the name of its run,
    and `metadata` what is known of the generator before it is open.
    """

    most = None  # unlimited

    def __init__(
        self,
        open_generator: Callable[[], Generator],
        origin: Path,
        recipe: Recipe,
        labels: LabelSet | None,
        sampling: Sampling,
        run: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ):
        self._open, self._origin, self._recipe = open_generator, origin, recipe
        self.labels, self.sampling, self.run = labels, sampling, run
        self.name, self.shape = str(origin), recipe.data_shape
        self._metadata = metadata or {}

    @classmethod
    def of(cls, generator: Generator, sampling: Sampling, run: str | None = None) -> Drawn:
        """Fakes of a generator that is already open."""
        return cls(
            lambda: generator, generator.origin, generator.recipe, generator.labels, sampling, run,
            generator.metadata,
        )  # fmt: skip

    @cached_property
    def generator(self) -> Generator:
        """The generator, opened now if it is not. Raises `UserError`."""
        return self._open()

    def release(self) -> None:
        """Forget the generator; it is opened again when needed."""
        self.__dict__.pop("generator", None)

    def passport(self) -> dict:
        """The part of the protocol that says how fakes were drawn."""
        chosen = self.sampling
        labels = self.labels.way_of_drawing() if isinstance(self.labels, LabelSet) else None
        return {
            "weights": averaged(self._metadata, chosen.weights),
            "truncation": chosen.truncation,
            "statistics": chosen.statistics,
            **({"labels": labels} if labels else {}),
        }

    def subject(self) -> dict:
        """What was measured."""
        seed = {"seed": self.sampling.seed}
        return {"name": self.name, "run": self.run, **seed, **identity(self.generator)}

    def batches(self, count: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """(pictures uint8, labels or None), `count` in all."""
        chosen = self.sampling
        for part in self.generator.stream(
            count, chosen.seed, None, chosen.truncation, chosen.statistics, chosen.batch_size
        ):
            yield part.images, part.labels


class Restored:
    """What a network makes of `pictures` (N, R, R, 3) once they are shrunk, or grey."""

    labels = None

    def __init__(self, restorer: Restorer, pictures: np.ndarray, weights: str, run: str | None):
        self.restorer, self._pictures, self._weights, self.run = restorer, pictures, weights, run
        self.name, self.most = str(restorer.origin), len(pictures)

    def release(self) -> None:
        """Nothing to forget."""

    def passport(self) -> dict:
        """The part of the protocol that says how fakes were made."""
        weights = averaged(self.restorer.metadata, self._weights)
        return {"weights": weights, "made from": self.restorer.made_from}

    def subject(self) -> dict:
        """What was measured."""
        return {"name": self.name, "run": self.run, **identity(self.restorer)}

    def batches(self, count: int, size: int = 64) -> Iterator[tuple[np.ndarray, None]]:
        """(pictures uint8, None), `count` in all, evenly chosen."""
        chosen = evenly(count, len(self._pictures))
        for start in range(0, count, size):
            given = self.restorer.degraded(self._pictures[chosen[start : start + size]])
            yield np.stack(self.restorer.apply(list(given))), None


class Aged:
    """Unseen pictures, `held`, at the ages of others; `trained` are the rest of the data."""

    labels = None

    def __init__(
        self,
        ager: Ager,
        trained: datasets.ImageData,
        held: datasets.ImageData,
        sampling: Sampling,
        run: str | None,
    ):
        self.ager, self.trained, self.held, self.run = ager, trained, held, run
        self.name, self.most = str(ager.origin), len(held.images)
        self._sampling = sampling

    def release(self) -> None:
        """Nothing to forget."""

    def passport(self) -> dict:
        """The part of the protocol that says how fakes were made."""
        weights = averaged(self.ager.metadata, self._sampling.weights)
        return {"weights": weights, "made from": "unseen pictures at labels of others"}

    def subject(self) -> dict:
        """What was measured."""
        seed = {"seed": self._sampling.seed}
        return {"name": self.name, "run": self.run, **seed, **identity(self.ager)}

    def batches(self, count: int, size: int = 64) -> Iterator[tuple[np.ndarray, None]]:
        """(pictures uint8, None), `count` in all, evenly chosen; the seed chooses the labels."""
        rows = evenly(count, len(self.held.images))
        labels = self.ager.classes_of(self.held.labels)
        others = np.random.default_rng((self._sampling.seed, count)).permutation(rows)
        for start in range(0, count, size):
            part = slice(start, start + size)
            asked = [each[others[part]] for each in labels]
            yield self.ager.age(self.held.images[rows[part]], asked, size), None


class Stored:
    """Fakes in a folder of pictures."""

    def __init__(self, data: datasets.ImageData, folder: Path):
        self.data, self.name, self.labels = data, str(folder), data.labels
        self.most = len(data.images)

    def release(self) -> None:
        """Nothing to forget: the pictures are a memory map."""

    def passport(self) -> dict:
        """The part of the protocol that says how fakes were drawn: unknown."""
        return {"weights": "pictures", "truncation": None, "statistics": None}

    def subject(self) -> dict:
        """What was measured."""
        return {"name": self.name, "fingerprint": self.data.fingerprint}

    def batches(
        self, count: int, size: int = 256
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """(pictures uint8, labels or None), `count` in all, evenly chosen from the folder."""
        chosen = evenly(count, len(self.data.images))
        for start in range(0, count, size):
            rows = chosen[start : start + size]
            labels = None if self.labels is None else self.labels.values[rows]
            yield self.data.images[rows], labels


def folder_resolution(folder: Path) -> tuple[int, str | None]:
    """The resolution for reading a folder of pictures, and a note if that changes them.

    It is the pictures' own if they are square and a power of two; else the power of two at or
    below the smaller side of the first pictures.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in decode.SUFFIXES)
    sizes = set()
    for path in paths[:64]:
        # One that cannot be read is reported when all are.
        with contextlib.suppress(PictureError):
            sizes.add(decode.size(path))
    if not sizes:
        raise UserError(f"{folder} holds no picture that can be read")
    smallest = min(min(size) for size in sizes)
    side = min(1024, max(8, 1 << (smallest.bit_length() - 1)))
    if sizes == {(side, side)}:
        return side, None
    text = ", ".join(f"{width}×{height}" for width, height in sorted(sizes)[:3])
    return side, (
        f"{folder} holds pictures of {text}: cropped to squares and resized to {side} px before "
        "the extractor resizes them; --resolution chooses."
    )
