"""The 34 attributes from a tagger of the WD family, which the user gives as ONNX.

    model.onnx          float32 (N, H, W, 3), BGR, 0..255 → probabilities (N, tags)
    selected_tags.csv   beside it: tag_id,name,category,count, one row per output

33 of the attributes are tags, with `_` for the space. There is no tag `silver hair`: collections
tag it as grey or white, so no picture gets it, and the labels do not contain it.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from curation.onnx_session import open_session, size_or_none
from datasets.attributes import ATTRIBUTES
from datasets.errors import DataError
from foreign import records

TAGS = "selected_tags.csv"
SIZE, BATCH = 448, 4  # where the network takes any
CHANNELS = ("bgr", "rgb")


class Tagger:
    """Gives the probability of each attribute. Raises `DataError` if it is not such a tagger."""

    def __init__(self, path: Path, channels: str = "bgr", threads: int = 0) -> None:
        if path.is_dir():
            path = path / "model.onnx"
        self._path, self._channels = path, channels
        names = read_tags(path.with_name(TAGS))
        self._session = open_session(path, "tagger", threads)
        self.columns = {
            attribute: names.index(attribute.replace(" ", "_"))
            for attribute in ATTRIBUTES
            if attribute.replace(" ", "_") in names
        }
        if not self.columns:
            raise DataError(
                f"{str(path.with_name(TAGS))!r} has none of the {len(ATTRIBUTES)} attributes, "
                f"such as {ATTRIBUTES[0].replace(' ', '_')!r}."
            )
        self._count = len(names)
        self._size, self._batch = self._check_ends()

    @property
    def missing(self) -> list[str]:
        """The attributes that are not among its tags."""
        return [name for name in ATTRIBUTES if name not in self.columns]

    def __call__(self, pictures: Iterable[Image.Image]) -> list[dict[str, float]]:
        """Square RGB pictures → for each, the probability of each known attribute."""
        batch = np.stack([self._pixels(picture) for picture in pictures])
        found = []
        for start in range(0, len(batch), self._batch):
            part = batch[start : start + self._batch]
            rest = np.zeros((self._batch - len(part), *part.shape[1:]), np.float32)
            (said,) = self._session.run([self._output], {self._input: np.concatenate([part, rest])})
            self._check(said)
            found += [
                {name: round(float(row[column]), 4) for name, column in self.columns.items()}
                for row in said[: len(part)]
            ]
        return found

    def _pixels(self, picture: Image.Image) -> np.ndarray:
        if picture.size != (self._size, self._size):
            picture = picture.resize((self._size, self._size), Image.Resampling.BICUBIC)
        pixels = np.asarray(picture, np.float32)
        return pixels[:, :, ::-1] if self._channels == "bgr" else pixels

    def _check_ends(self) -> tuple[int, int]:
        """The side of its input pictures, and their number per batch."""
        given, made = self._session.get_inputs(), self._session.get_outputs()
        shape = given[0].shape if len(given) == 1 else []
        if len(shape) != 4 or shape[3] != 3 or given[0].type != "tensor(float)" or len(made) != 1:
            takes = ", ".join(f"{some.type} {some.shape}" for some in given)
            raise DataError(
                f"{str(self._path)!r} is not a tagger of the WD family: it must take one float32 "
                f"(N, H, W, 3) and give one output; it takes {takes} and gives {len(made)}."
            )
        self._input, self._output = given[0].name, made[0].name
        self._check_width(made[0].shape[-1] if made[0].shape else None)
        sides = {size_or_none(shape[1]) or SIZE, size_or_none(shape[2]) or SIZE}
        if len(sides) > 1:
            raise DataError(f"{str(self._path)!r} must take square pictures; it takes {shape}.")
        return sides.pop(), size_or_none(shape[0]) or BATCH

    def _check_width(self, width: object) -> None:
        if size_or_none(width) not in (None, self._count):
            raise DataError(
                f"{str(self._path)!r} gives {width} numbers a picture, but "
                f"{str(self._path.with_name(TAGS))!r} has {self._count} rows: they belong to "
                "different taggers."
            )

    def _check(self, said: np.ndarray) -> None:
        if said.ndim != 2 or len(said) != self._batch:
            raise DataError(
                f"{str(self._path)!r} is not a tagger: {self._batch} pictures give {said.shape}."
            )
        self._check_width(said.shape[1])
        if not np.isfinite(said).all() or said.min() < -1e-4 or said.max() > 1 + 1e-4:
            raise DataError(
                f"{str(self._path)!r} must give probabilities, 0..1; it gives "
                f"{said.min():g} to {said.max():g}."
            )


def read_tags(path: Path) -> list[str]:
    """The names in `selected_tags.csv`, in the order of the outputs."""
    if not path.exists():
        raise DataError(f"The tagger's list of tags is missing: {str(path)!r}.")
    try:
        lines = [line for _, line in records.read_table(path)]
    except records.Unreadable as error:
        raise DataError(f"The tagger's list {error}.") from None
    if len(lines) < 2 or "name" not in lines[0]:
        raise DataError(f"{str(path)!r} must have a column 'name' and one row per output.")
    column = lines[0].index("name")
    return [line[column] if column < len(line) else "" for line in lines[1:]]
