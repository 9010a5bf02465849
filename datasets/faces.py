"""The embedded data: an endless row of drawn anime faces that know their own 34 attributes.

Face `i` is a pure function of `i`: every machine draws the same picture, whatever the count, the
order or the number of processes. The art is `lorelei` by Lisa Wischofsky (CC0 1.0), adapted in
`datasets.lorelei`; the labels follow from what was drawn, so they are true by construction.
Every attribute occurs. Hair and eye colour are uniform and independent of everything else.
"""

import functools
import io
import zlib

import numpy as np
import resvg_py
from dicebear import Avatar
from PIL import Image

from datasets import lorelei
from datasets.attributes import ATTRIBUTES, EYE_COLOURS, HAIR_COLOURS

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


def draw(index: int, resolution: int) -> np.ndarray:
    """Face `index` → uint8 (resolution, resolution, 3)."""
    options, _ = _plan(index)
    svg = lorelei.crop(str(Avatar(_style(), options)))
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=resolution, height=resolution, skip_system_fonts=True
    )
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def labels(count: int) -> np.ndarray:
    """The attributes of faces 0 to count - 1 → float32 (count, 34) of 0 and 1."""
    values = np.zeros((count, len(ATTRIBUTES)), np.float32)
    position = {name: column for column, name in enumerate(ATTRIBUTES)}
    for index in range(count):
        for name in _plan(index)[1]:
            values[index, position[name]] = 1
    return values


@functools.cache
def _style():
    return lorelei.style()


def _plan(index: int) -> tuple[dict, list[str]]:
    """What face `index` looks like: the options to draw it and the attributes that are true."""
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
    hair_colour = _vary(rng, HAIR[hair_name])
    accents = [rgb for name, rgb in ACCENT.items() if not hair_name.startswith(name)]
    options = {
        "seed": "face",  # nothing is left to DiceBear's own dice: each choice is made here
        **_part("hair", hair),
        **_part("head", str(rng.choice(("01", "02", "03", "04")))),
        **_part("eyes", str(rng.choice(tuple(lorelei.IRISES)))),
        **_part("eyebrows", str(rng.choice(BROWS))),
        **_part("nose", str(rng.choice(NOSES, p=NOSE_WEIGHTS))),
        **_part("mouth", mouth, prefix=""),
        **_part("tails", tails, prefix=""),
        **_part("headwear", "hat" if hat else "ribbon" if shown["ribbon"] else None, prefix=""),
        **_part("glasses", str(rng.choice(GLASSES)) if shown["glasses"] else None),
        **_part("freckles", "blush" if shown["blush"] else None, prefix=""),
        **_part("earrings", str(rng.choice(("02", "03"))) if rng.random() < 0.1 else None),
        **_part("hairAccessories", "flowers" if rng.random() < 0.05 else None, prefix=""),
        **_part("beard", None),
        "hairColor": hair_colour,
        "irisColor": _vary(rng, EYES[eye_name]),
        "eyebrowsColor": _mix(hair_colour, INK, 0.6),
        "skinColor": str(rng.choice(SKIN, p=SKIN_WEIGHTS)),
        "backgroundColor": _vary(rng, str(rng.choice(BACKGROUND))),
        "accentColor": str(rng.choice(accents)),
        "blushColor": "#ff8f93",
        "lipsColor": "#c8465c",
        **{f"{part}Color": INK for part in ("outline", "eyes", "mouth", "nose", "glasses",
                                            "earrings", "hairAccessories")},
    }  # fmt: skip
    return options, [hair_name, *true, *(name for name, on in shown.items() if on), eye_name]


def _part(name: str, variant: str | None, prefix: str = "variant") -> dict:
    """Show exactly this variant of a component, or none."""
    if variant is None:
        return {f"{name}Probability": 0}
    return {f"{name}Probability": 100, f"{name}Variant": prefix + variant}


def _rgb(colour: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(colour[1:]), np.uint8).astype(int)


def _hex(rgb: np.ndarray) -> str:
    return "#" + bytes(np.clip(rgb, 0, 255).astype(np.uint8)).hex()


def _vary(rng: np.random.Generator, colour: str) -> str:
    """A shade lighter or darker, so that one name is not one single colour."""
    return _hex(_rgb(colour) + rng.integers(-9, 10) + rng.integers(-4, 5, 3))


def _mix(first: str, second: str, share: float) -> str:
    return _hex(np.rint(_rgb(first) * (1 - share) + _rgb(second) * share))
