"""Drawn persons at five ages, of a known sex: each shown once, and drawn at any age on request.

Person `i` is face `i` of `datasets.faces` with an age and a sex of its own, both a pure function of
`i`, uniform and independent of all else. With age the eyes become smaller, and the hair grey at
ages 3 and 4. A male person has a beard from age 2 on. So the sex of ages 0 and 1 cannot be seen.
"""

import functools
import zlib
from collections.abc import Iterable

import numpy as np
from dicebear import Style

from datasets import faces, lorelei

NAME = "ages"
DEFAULT_COUNT = 20_000
AGES = tuple(f"age {number}" for number in range(5))
SEXES = ("female", "male")
GROUPS = {"age": AGES, "sex": SEXES}
NAMES = (*AGES, *SEXES)

EYE_SCALES = (1.6, 1.45, 1.3, 1.15, 1.0)
# Percent of the eyes' width: larger eyes move away from the far edge of the face.
EYE_SHIFTS = (-8.0, -5.75, -3.5, -1.25, 1.0)
GREY = "#e4e4ea"
GREYING = (0.0, 0.0, 0.0, 0.45, 0.9)  # share of grey in the colour of the hair
BEARDS = ("01", "02")
BEARD_FROM = 2


def person(index: int) -> tuple[int, int]:
    """The age, 0 to 4, and the sex, 0 female or 1 male, of person `index` in the data."""
    age, sex, _ = _chances(index)
    return age, sex


def draw(index: int, resolution: int, age: int | None = None, sex: int | None = None) -> np.ndarray:
    """Person `index` → uint8 (resolution, resolution, 3).

    age, sex  of the picture; None: the person's own. Nothing else changes
    """
    own_age, own_sex, beard = _chances(index)
    age, sex = (own_age if age is None else age), (own_sex if sex is None else sex)
    options = faces.look(index)
    hair = faces.mix(options["hairColor"], GREY, GREYING[age])
    options |= {"hairColor": hair, "eyebrowsColor": faces.mix(hair, faces.INK, 0.6)}
    if SEXES[sex] == "male" and age >= BEARD_FROM:
        options |= faces.part("beard", BEARDS[beard])
    return faces.render(options, resolution, _style(age))


def counterparts(
    indices: Iterable[int], resolution: int, age: int, sex: int | None = None
) -> np.ndarray:
    """These persons at one age → uint8 (N, R, R, 3); see `draw`."""
    drawn = [draw(int(index), resolution, age, sex) for index in indices]
    return np.array(drawn, np.uint8).reshape(-1, resolution, resolution, 3)


def labels(count: int) -> np.ndarray:
    """The age and the sex of persons 0 to count - 1 → float32 (count, 7) of 0 and 1 (`NAMES`)."""
    values = np.zeros((count, len(NAMES)), np.float32)
    for index in range(count):
        age, sex = person(index)
        values[index, [age, len(AGES) + sex]] = 1
    return values


def _chances(index: int) -> tuple[int, int, int]:
    """Age, sex and kind of beard, from a stream of their own: the face is that of `faces`."""
    rng = np.random.Generator(np.random.Philox(key=[zlib.crc32(b"ages"), index]))
    age, sex, beard = (int(rng.integers(count)) for count in (len(AGES), len(SEXES), len(BEARDS)))
    return age, sex, beard


@functools.cache
def _style(age: int) -> Style:
    return lorelei.style(EYE_SCALES[age], EYE_SHIFTS[age])
