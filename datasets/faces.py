"""The embedded data: an endless sequence of drawn anime faces with 34 known attributes.

Face `i` is a pure function of `i`: every machine draws the same picture for every count, every
order and number of processes. The art is `lorelei` by Lisa Wischofsky (CC0 1.0), adapted in
`datasets.lorelei`; the labels follow from what was drawn, so they are true by construction.
Every attribute occurs. Hair and eye colour are uniform and independent of everything else.

An edit draws a face again with some attributes changed and all else unchanged. It is a mapping of
attribute to whether it is on, such as `{"blue hair": True, "glasses": False}`.
"""

import functools
import io
import zlib
from collections.abc import Iterable, Mapping

import numpy as np
import resvg_py
from dicebear import Avatar, Style
from PIL import Image

from datasets import lorelei
from datasets.attributes import ATTRIBUTES, EYE_COLOURS, GROUPS, HAIR_COLOURS
from datasets.errors import DataError

DEFAULT_COUNT = 20_000

INK = "#2e2328"
HAIR = dict(
    zip(
        HAIR_COLOURS,
        (
            "#f7d560", "#7a4526", "#2b2a33", "#3566dc", "#f78fb8", "#8a4fc9", "#3fa44d",
            "#cc2231", "#b9c6da", "#fdfdfd", "#f5812a", "#62e0dc", "#77787e",
        ),
        strict=True,
    )
)  # fmt: skip
EYES = dict(
    zip(
        EYE_COLOURS,
        (
            "#2f63e6", "#d8202c", "#7b431f", "#2b9c48", "#8d3fd0",
            "#f2c81a", "#f576b0", "#35d4d8", "#15121a", "#f27a18",
        ),
        strict=True,
    )
)  # fmt: skip
SKIN = ("#fff0e4", "#fee3d0", "#fbd5bd", "#efbf9e", "#c98f68")
SKIN_WEIGHTS = (0.3, 0.35, 0.2, 0.1, 0.05)
BACKGROUND = (
    "#ffd9e2", "#d3e6ff", "#dcf3d8", "#fff1c4", "#e5daf9", "#cdeeed", "#f9e2cc", "#f4f1ee",
)  # fmt: skip
ACCENT = {"red": "#dd3550", "blue": "#3f7fe0", "pink": "#ff8fc0", "green": "#4cae6a",
          "purple": "#9a63d6", "orange": "#f39a3c"}  # fmt: skip
BROWS = ("01", "02", "05", "07", "09", "10", "11", "12", "13")
NOSES = ("01", "02", "03", "04", "06")
NOSE_WEIGHTS = (0.1, 0.3, 0.3, 0.1, 0.2)
GLASSES = ("01", "03", "04", "05")  # 02 are sunglasses: they would hide the colour of the eyes

# (hair variants, drawn tails, the attributes that are true of them, share of the faces)
HAIRSTYLES = (
    (lorelei.SHORT, None, ("short hair",), 0.33),
    (lorelei.LONG, None, ("long hair",), 0.28),
    (lorelei.LONG_PONYTAIL, None, ("long hair", "ponytail"), 0.05),
    (lorelei.PONYTAIL, None, ("ponytail",), 0.07),
    (lorelei.WITH_TAILS, "twintails", ("long hair", "twintails"), 0.10),
    (lorelei.LONG_TWINTAILS, None, ("long hair", "twintails"), 0.01),
    (lorelei.WITH_TAILS, "drills", ("long hair", "drill hair"), 0.07),
    (lorelei.OTHER, None, (), 0.09),
)
HAIRSTYLE_SHARES = [share for *_, share in HAIRSTYLES]

# What an edit can change. An edit always draws this frame of glasses and, by (smile, open mouth),
# this mouth, so that the result depends only on the rest of the face.
EDITABLE = (*HAIR_COLOURS, *EYE_COLOURS, "glasses", "smile", "open mouth", "hat", "blush")
EDITED_GLASSES = "01"
EDITED_MOUTHS = {
    (True, False): "happy01",
    (True, True): "happy05",
    (False, True): "sad01",
    (False, False): "sad04",
}


def draw(index: int, resolution: int, edit: Mapping[str, bool] | None = None) -> np.ndarray:
    """Face `index` → uint8 (resolution, resolution, 3), after the changes of `edit`.

    Raises `DataError` for an edit that `check_edit` refuses or that this face cannot have (`fits`).
    """
    return render(look(index, edit), resolution, _style())


def look(index: int, edit: Mapping[str, bool] | None = None) -> dict:
    """The options that face `index` is drawn with, after the changes of `edit`, for `render`."""
    return _plan(index, edit)[0]


def render(options: dict, resolution: int, style: Style) -> np.ndarray:
    """The face with these options in this style → uint8 (resolution, resolution, 3)."""
    svg = lorelei.crop(str(Avatar(style, options)))
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=resolution, height=resolution, skip_system_fonts=True
    )
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def labels(count: int) -> np.ndarray:
    """The attributes of faces 0 to count - 1 → float32 (count, 34) of 0 and 1."""
    return labels_of(range(count))


def labels_of(indices: Iterable[int], edit: Mapping[str, bool] | None = None) -> np.ndarray:
    """The attributes of these N faces, after the changes of `edit` → float32 (N, 34) of 0 and 1.

    Raises `DataError` as `draw` does.
    """
    position = {name: column for column, name in enumerate(ATTRIBUTES)}
    rows = [[position[name] for name in _plan(index, edit)[1]] for index in indices]
    values = np.zeros((len(rows), len(ATTRIBUTES)), np.float32)
    for row, columns in enumerate(rows):
        values[row, columns] = 1
    return values


def check_edit(edit: Mapping[str, bool]) -> None:
    """Raise `DataError` for an edit that is not possible on any face."""
    for name, on in edit.items():
        if name not in EDITABLE:
            raise DataError(
                f"{name!r} cannot be added to a face or removed from it; possible are any hair or "
                f"eye colour, {', '.join(EDITABLE[len(HAIR_COLOURS + EYE_COLOURS) :])}."
            )
        if not on and any(name in members for members in GROUPS.values()):
            raise DataError(f"'no {name}' does not say which colour to draw; name a colour.")
    for group, members in GROUPS.items():
        several = [name for name in members if edit.get(name)]
        if len(several) > 1:
            raise DataError(f"A face has one {group}, not {' and '.join(map(repr, several))}.")


def fits(index: int, edit: Mapping[str, bool]) -> bool:
    """Whether the edit is possible on face `index`: a hat needs hair that is flat on top."""
    return not edit.get("hat") or _hair(_plan(index)[0]) in lorelei.UNDER_A_HAT


@functools.cache
def _style():
    return lorelei.style()


def _plan(index: int, edit: Mapping[str, bool] | None = None) -> tuple[dict, list[str]]:
    """The look of face `index`: the options to draw it and its true attributes."""
    edit = edit or {}
    rng = np.random.Generator(np.random.Philox(key=[zlib.crc32(b"faces"), index]))
    hair_name = HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))]
    eye_name = EYE_COLOURS[rng.integers(len(EYE_COLOURS))]
    variants, tails, true, _ = HAIRSTYLES[rng.choice(len(HAIRSTYLES), p=HAIRSTYLE_SHARES)]
    hair = str(rng.choice(variants))
    mouth, smile, open_mouth = lorelei.MOUTHS[rng.integers(len(lorelei.MOUTHS))]
    chance = dict(zip(("hat", "ribbon", "glasses", "blush"), rng.random(4), strict=True))
    hat = hair in lorelei.UNDER_A_HAT and chance["hat"] < 0.2
    shown = {
        "smile": smile,
        "open mouth": open_mouth,
        "hat": hat,
        "ribbon": not hat and chance["ribbon"] < 0.13,
        "glasses": chance["glasses"] < 0.12,
        "blush": chance["blush"] < 0.3,
    }
    accents = [rgb for name, rgb in ACCENT.items() if not hair_name.startswith(name)]
    hair_name = next((name for name in HAIR_COLOURS if edit.get(name)), hair_name)
    eye_name = next((name for name in EYE_COLOURS if edit.get(name)), eye_name)
    hair_colour = _vary(rng, HAIR[hair_name])
    options = {
        "seed": "face",  # all choices are made here, none by DiceBear's own random numbers
        **part("hair", hair),
        **part("head", str(rng.choice(("01", "02", "03", "04")))),
        **part("eyes", str(rng.choice(tuple(lorelei.IRISES)))),
        **part("eyebrows", str(rng.choice(BROWS))),
        **part("nose", str(rng.choice(NOSES, p=NOSE_WEIGHTS))),
        **part("mouth", mouth, prefix=""),
        **part("tails", tails, prefix=""),
        **part("headwear", "hat" if hat else "ribbon" if shown["ribbon"] else None, prefix=""),
        **part("glasses", str(rng.choice(GLASSES)) if shown["glasses"] else None),
        **part("freckles", "blush" if shown["blush"] else None, prefix=""),
        **part("earrings", str(rng.choice(("02", "03"))) if rng.random() < 0.1 else None),
        **part("hairAccessories", "flowers" if rng.random() < 0.05 else None, prefix=""),
        **part("beard", None),
        "hairColor": hair_colour,
        "irisColor": _vary(rng, EYES[eye_name]),
        "eyebrowsColor": mix(hair_colour, INK, 0.6),
        "skinColor": str(rng.choice(SKIN, p=SKIN_WEIGHTS)),
        "backgroundColor": _vary(rng, str(rng.choice(BACKGROUND))),
        "accentColor": str(rng.choice(accents)),
        "blushColor": "#ff8f93",
        "lipsColor": "#c8465c",
        **{f"{part}Color": INK for part in ("outline", "eyes", "mouth", "nose", "glasses",
                                            "earrings", "hairAccessories")},
    }  # fmt: skip
    if edit:
        _change(index, options, shown, edit)
    return options, [hair_name, *true, *(name for name, on in shown.items() if on), eye_name]


def _change(index: int, options: dict, shown: dict[str, bool], edit: Mapping[str, bool]) -> None:
    """Apply `edit` to the drawing options and to the attributes that are shown."""
    check_edit(edit)
    kept_ribbon = shown["ribbon"] and not edit.get("hat")  # a hat takes its place
    shown |= {name: bool(on) for name, on in edit.items() if name in shown}
    shown["ribbon"] = kept_ribbon
    if edit.get("hat") and _hair(options) not in lorelei.UNDER_A_HAT:
        raise DataError(f"A hat does not fit on the hair of face {index}.")
    if "hat" in edit:
        worn = "hat" if edit["hat"] else "ribbon" if kept_ribbon else None
        options |= part("headwear", worn, prefix="")
    if "glasses" in edit:
        options |= part("glasses", EDITED_GLASSES if edit["glasses"] else None)
    if "blush" in edit:
        options |= part("freckles", "blush" if edit["blush"] else None, prefix="")
    if "smile" in edit or "open mouth" in edit:
        mouth = EDITED_MOUTHS[bool(shown["smile"]), bool(shown["open mouth"])]
        options |= part("mouth", mouth, prefix="")


def _hair(options: dict) -> str:
    return options["hairVariant"].removeprefix("variant")


def part(name: str, variant: str | None, prefix: str = "variant") -> dict:
    """Options that show exactly this variant of a component, or none."""
    if variant is None:
        return {f"{name}Probability": 0}
    return {f"{name}Probability": 100, f"{name}Variant": prefix + variant}


def _rgb(colour: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(colour[1:]), np.uint8).astype(int)


def _hex(rgb: np.ndarray) -> str:
    return "#" + bytes(np.clip(rgb, 0, 255).astype(np.uint8)).hex()


def _vary(rng: np.random.Generator, colour: str) -> str:
    """A slightly lighter or darker shade, so that a colour's name covers several shades."""
    return _hex(_rgb(colour) + rng.integers(-9, 10) + rng.integers(-4, 5, 3))


def mix(first: str, second: str, share: float) -> str:
    """The colour between two, "#rrggbb" each; `share` is that of the second."""
    return _hex(np.rint(_rgb(first) * (1 - share) + _rgb(second) * share))
