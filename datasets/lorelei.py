"""The drawing style of the embedded faces: DiceBear's `lorelei` in a more manga-like form.

Lorelei is the work of Lisa Wischofsky, CC0 1.0 (public domain). It is black and white and has
neither coloured irises nor a hat, a ribbon, twintails or drills. `style` adds those to the
definition: an ink line around the hair, bigger eyes with a coloured iris, and five drawings of
our own. Every variant used was looked at; the tables below say what each one shows.
"""

import importlib.resources
import json
import re
from typing import Any

from dicebear import Style

# Hair variants by what is seen. Long: some of it falls below the chin. Short: all of it ends above
# and nothing is tied up. A bun, or hair that ends at the jaw, is neither. Not used: bald heads, and
# fringes that hide the eyes and with them their colour (40, 41, 45).
LONG = ("10", "13", "15", "16", "17", "21", "23", "24", "35")
LONG_PONYTAIL = ("33", "48")
PONYTAIL = ("29", "31", "36", "42")
LONG_TWINTAILS = ("30",)
SHORT = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "11", "12", "22", "39", "43", "44")
OTHER = ("14", "18", "19", "20", "26", "32", "37", "38", "46")

# Hair that is flat on top, so that a hat fits; hair that is narrow, so that tails beside it show.
UNDER_A_HAT = ("06", "07", "12", "13", "15", "19", "23", "35", "43", "48")
WITH_TAILS = ("06", "07", "11", "12", "19", "43")

# Mouth variants as (name, smile, open mouth). Bared, closed teeth and a tongue are not "open".
MOUTHS = (
    ("happy01", 1, 0), ("happy02", 1, 0), ("happy03", 1, 0), ("happy04", 1, 0), ("happy10", 1, 0),
    ("happy13", 1, 0), ("happy09", 1, 0), ("happy16", 1, 0),
    ("happy05", 1, 1), ("happy06", 1, 1), ("happy08", 1, 1), ("sad01", 0, 1), ("sad02", 0, 1),
    ("happy14", 0, 0), ("sad03", 0, 0), ("sad04", 0, 0), ("sad05", 0, 0), ("sad09", 0, 0),
)  # fmt: skip

# Where the iris of each eye is: centre x, y, half axes and angle in degrees, in the coordinates of
# the eyes (360 × 103), from the moments of the largest blob of ink. Closed eyes are not used: they
# have no colour. Variant 18 winks with the far eye.
IRISES: dict[str, tuple[tuple[float, float, float, float, float], ...]] = {
    "02": ((117.0, 57.0, 34.2, 30.7, 90.0), (294.4, 47.1, 30.9, 22.1, 102.6)),
    "04": ((115.3, 55.5, 33.9, 29.0, 84.0), (295.3, 46.6, 32.0, 23.5, 108.7)),
    "05": ((74.6, 56.2, 26.2, 23.7, 52.0), (280.7, 55.5, 24.4, 20.1, 89.1)),
    "06": ((121.3, 54.2, 30.4, 20.7, 93.5), (293.0, 46.7, 26.5, 17.5, 86.9)),
    "08": ((91.6, 59.4, 27.6, 26.0, 48.9), (291.1, 54.8, 24.6, 16.9, 116.5)),
    "09": ((112.2, 54.1, 48.2, 36.3, 102.1), (295.0, 49.4, 42.4, 27.5, 90.5)),
    "10": ((79.9, 57.8, 37.0, 33.5, 54.5), (286.8, 58.0, 35.0, 23.2, 103.2)),
    "11": ((126.5, 61.5, 28.7, 23.5, 103.7), (290.1, 54.1, 27.7, 18.3, 75.2)),
    "12": ((122.1, 57.3, 26.1, 23.7, 76.3), (291.3, 50.3, 20.5, 19.4, 125.8)),
    "14": ((131.1, 60.8, 35.3, 27.7, 83.1), (291.7, 50.8, 29.1, 18.1, 107.8)),
    "17": ((134.2, 66.4, 33.2, 25.3, -166.0), (318.3, 49.4, 24.2, 17.5, 110.4)),
    "18": ((78.1, 49.0, 40.3, 23.3, 81.4),),
    "20": ((131.7, 59.4, 31.2, 28.9, 58.8), (317.8, 47.2, 29.3, 22.2, 99.6)),
    "21": ((88.1, 50.7, 46.5, 32.2, 86.4), (287.0, 48.6, 37.0, 24.6, 102.0)),
    "23": ((80.1, 58.0, 36.9, 33.4, 57.1), (286.9, 57.9, 34.9, 23.1, 103.3)),
    "24": ((75.5, 51.3, 44.8, 21.6, 87.7), (280.3, 50.5, 33.5, 18.4, 97.8)),
}

VIEW_BOX = "66 6 834 834"  # the head and its hair; below it the drawn neck would end in the air
EYE_SCALE = 1.3
EYE_SHIFT = -3.5  # percent of their width, so that the far eye stays inside the bigger face
_INK = {"type": "color", "name": "outline"}


def style(eye_scale: float = EYE_SCALE, eye_shift: float = EYE_SHIFT) -> Style:
    """The adapted definition, ready to draw (the original's files are left as they are).

    eye_scale, eye_shift  how large the eyes are, and how far they are moved, in percent of their
                          width
    """
    original = importlib.resources.files("dicebear_styles") / "lorelei.json"
    definition = json.loads(original.read_text("utf-8"))
    components = definition["components"]
    definition["colors"] |= {
        name: {"values": ["#ffffff"]} for name in ("iris", "accent", "blush", "lips")
    }
    _ink_the_hair(components["hair"]["variants"])
    _add_irises(components["eyes"], eye_scale, eye_shift)
    _fill_mouths(components["mouth"]["variants"])
    components["freckles"]["variants"]["blush"] = {"elements": _blush()}
    components["tails"] = _component({"twintails": _twintails(), "drills": _drills()})
    components["headwear"] = _component({"ribbon": _ribbon(), "hat": _hat()})
    canvas = definition["canvas"]["elements"]
    canvas.insert(0, {"name": "tails", "type": "component"})
    canvas.append({"name": "headwear", "type": "component"})
    return Style(definition)


def crop(svg: str) -> str:
    """Show `VIEW_BOX` of a drawn face, without its clip to the whole canvas, which costs time."""
    svg = svg.replace('viewBox="0 0 980 980"', f'viewBox="{VIEW_BOX}"', 1)
    return re.sub(r'<g clip-path="[^"]*">', "<g>", svg, count=1)


def _component(variants: dict[str, list[dict]]) -> dict:
    return {
        "width": 980,
        "height": 980,
        "variants": {name: {"elements": elements} for name, elements in variants.items()},
    }


def _shape(tag: str, fill: str | dict, *, ink: int = 0, **attributes: str | float) -> dict:
    """One SVG element; `ink` is the width of the line around it."""
    values: dict[str, str | dict]
    values = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    if ink:
        values |= {"stroke": _INK, "stroke-width": str(ink), "stroke-linejoin": "round"}
    return {"type": "element", "name": tag, "attributes": {"fill": fill, **values}}


def _colour(name: str) -> dict:
    return {"type": "color", "name": name}


def _ink_the_hair(variants: dict) -> None:
    """A thin ink line; without it white hair would not stand out from a light background."""
    for variant in variants.values():
        for element in variant["elements"]:
            if element["name"] == "path":
                element["attributes"] |= {
                    "stroke": _INK,
                    "stroke-width": "7",
                    "stroke-linejoin": "round",
                }


def _add_irises(eyes: dict, scale: float, shift: float) -> None:
    eyes["scale"] = {"min": scale, "max": scale}
    eyes["translate"] = {"x": {"min": shift, "max": shift}}
    for number, irises in IRISES.items():
        elements = eyes["variants"][f"variant{number}"]["elements"]
        for x, y, long, short, angle in irises:
            turn = f"rotate({angle} {x} {y})"
            ellipse: dict[str, Any] = {"cx": x, "cy": y, "transform": turn}
            elements += [
                _shape("ellipse", _colour("iris"), rx=long * 0.86, ry=short * 0.86, **ellipse),
                _shape("ellipse", _INK, rx=long * 0.42, ry=short * 0.42, **ellipse),
                _shape("circle", "white", cx=x - short * 0.3, cy=y - long * 0.36, r=short * 0.28),
            ]


def _fill_mouths(variants: dict) -> None:
    """Colour inside open lips and white teeth: the first contour of the line art, filled."""
    inside = {"happy05": "lips", "happy06": "lips", "happy08": "lips"}
    for name in (*inside, "happy16"):
        elements = variants[name]["elements"]
        contour = re.split(r"(?<=[zZ])|(?=[mM])", elements[0]["attributes"]["d"].strip())
        outline = next(part for part in contour if part)
        fill = _colour(inside[name]) if name in inside else "white"
        elements.insert(0, _shape("path", fill, d=outline))


def _blush() -> list[dict]:
    fill = _colour("blush")
    return [
        _shape("ellipse", fill, cx=62, cy=34, rx=58, ry=30, opacity=0.75),
        _shape("ellipse", fill, cx=318, cy=30, rx=34, ry=26, opacity=0.75),
    ]


def _twintails() -> list[dict]:
    left = (
        "M282 262C150 236 92 372 104 520C110 640 84 720 110 846"
        "C168 800 214 716 216 604C222 500 258 420 304 366Z"
    )
    right = (
        "M706 252C820 226 872 362 862 510C856 630 884 716 864 842"
        "C806 796 770 712 764 600C758 500 738 410 690 356Z"
    )
    return [_shape("path", _colour("hair"), ink=7, d=d) for d in (left, right)]


def _drills() -> list[dict]:
    """Ringlets: on either side a column of tilted ellipses that narrows downwards."""
    return [
        _shape(
            "ellipse", _colour("hair"), ink=7,
            cx=x + drift * i, cy=400 + 78 * i, rx=92 - 13 * i, ry=56 - 3 * i,
            transform=f"rotate({tilt} {x + drift * i} {400 + 78 * i})",
        )
        for x, drift, tilt in ((196, -2, -20), (776, 2, 20))
        for i in reversed(range(6))
    ]  # fmt: skip


def _ribbon() -> list[dict]:
    loops = "M330 190C250 96 176 96 176 150C172 210 190 262 218 262C262 262 300 222 330 190Z"
    other = "M350 184C404 84 480 66 490 118C498 172 494 226 468 232C420 238 384 214 350 184Z"
    fill = _colour("accent")
    return [
        _shape("path", fill, ink=9, d=loops),
        _shape("path", fill, ink=9, d=other),
        _shape("ellipse", fill, ink=9, cx=340, cy=188, rx=32, ry=38),
    ]


def _hat() -> list[dict]:
    beret = (
        "M196 318C104 196 232 44 452 40C660 22 838 120 800 262"
        "C690 196 560 186 440 206C340 224 262 262 196 318Z"
    )
    stem = "M470 44C468 24 476 12 488 8L506 14C498 24 496 34 498 46Z"
    fill = _colour("accent")
    return [_shape("path", fill, ink=9, d=stem), _shape("path", fill, ink=9, d=beret)]
