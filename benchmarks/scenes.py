"""Illustrations with known faces, drawn to measure and try `prepare.py --faces`.

    python -m benchmarks.scenes RAW --count 200

Frontal, big-eyed faces of our own drawing, one to three a scene, in several sizes, upright or
tilted, before a busy background. Scene `i` and person `i` are functions of their number, so the
truth is known: `truth.json` beside the pictures lists the faces of each.
"""

import argparse
import io
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

INK = "#33262c"
HAIR = ("#f3d35c", "#6f4327", "#2c2c38", "#3a63d4", "#f190b7", "#8650c4", "#44a352", "#c92a36",
        "#d9d8e4", "#ef8434", "#66d6d4", "#7d7f86")  # fmt: skip
EYES = ("#2f63e6", "#d0222d", "#7b431f", "#2b9c48", "#8d3fd0", "#d9ae14", "#ea6aa6", "#28a9b4")
SKIN = ("#fff6ee", "#fff2e7", "#ffefe2", "#feeadb")  # pale, as such drawings are
FRINGES = (
    "M-52,4 Q-50,-62 0,-66 Q50,-62 52,4 Q42,-12 34,-26 Q26,-14 10,-30 Q0,-12 -14,-30 "
    "Q-26,-12 -34,-26 Q-44,-10 -52,4 Z",
    "M-53,6 Q-54,-64 0,-67 Q54,-64 53,6 Q40,-24 18,-34 Q-10,-8 -36,-20 Q-46,-8 -53,6 Z",
    "M-52,6 Q-50,-64 0,-66 Q50,-64 52,6 L42,-14 L30,-22 L24,-12 L8,-22 L0,-12 L-8,-22 L-24,-12 "
    "L-30,-22 L-42,-14 Z",
    "M-52,6 Q-52,-64 0,-67 Q52,-64 52,6 Q36,-6 22,-32 L0,-44 L-22,-32 Q-36,-6 -52,6 Z",
)
BACK_HAIR = (
    "M-50,52 Q-72,40 -62,-16 Q-56,-75 0,-76 Q56,-75 62,-16 Q72,40 50,52 Z",
    "M-62,130 Q-78,-76 0,-78 Q78,-76 62,130 Q30,96 0,100 Q-30,96 -62,130 Z",
    "M-60,20 Q-70,-74 0,-76 Q70,-74 60,20 L92,100 L58,64 L-58,64 L-92,100 Z",
)
MOUTHS = (
    '<path d="M-6,45 Q0,51 6,45" fill="none" stroke="{ink}" stroke-width="2.2"/>',
    '<path d="M-7,43 Q0,54 7,43 Z" fill="#c4505c" stroke="{ink}" stroke-width="1.8"/>',
    '<ellipse cx="0" cy="47" rx="4" ry="5" fill="#c4505c" stroke="{ink}" stroke-width="1.8"/>',
)


@dataclass(frozen=True)
class Face:
    """A face of a scene, in pixels.

    The middle of its head's square, that square's side, the tilt in degrees (clockwise), and the
    number of the person drawn.
    """

    x: float
    y: float
    side: float
    tilt: float
    person: int


def person(number: int) -> str:
    """SVG of one head, neck and shoulders: the head fills x and y from -50 to 50, chin at 60."""
    rng = np.random.Generator(np.random.Philox(key=[0x70657273, number]))
    hair, iris = rng.choice(HAIR), rng.choice(EYES)
    skin, cloth = rng.choice(SKIN), rng.choice(EYES)
    eye = rng.uniform(12.5, 15.0), rng.uniform(12.0, 15.0)
    apart, height = rng.uniform(20.0, 23.0), rng.uniform(6.0, 11.0)
    brow = rng.uniform(-3.0, 3.0)
    parts = [
        f'<path d="{rng.choice(BACK_HAIR)}" fill="{hair}" stroke="{INK}" stroke-width="2"/>',
        f'<path d="M-12,50 L-14,82 Q-70,88 -84,190 L84,190 Q70,88 14,82 L12,50 Z" fill="{skin}"/>',
        f'<path d="M-30,86 Q-72,92 -86,190 L86,190 Q72,92 30,86 L0,{rng.integers(110, 140)} Z" '
        f'fill="{cloth}" stroke="{INK}" stroke-width="2"/>',
        f'<path d="M-46,-20 Q-48,26 -23,46 Q-8,60 0,60 Q8,60 23,46 Q48,26 46,-20 '
        f'Q40,-62 0,-62 Q-40,-62 -46,-20 Z" fill="{skin}" stroke="{INK}" stroke-width="2"/>',
    ]
    for sign in (-1, 1):
        parts.append(_eye(sign * apart, height, *eye, iris))
        parts.append(
            f'<path d="M{sign * (apart - 11)},{height - 21 + brow} Q{sign * apart},'
            f'{height - 26} {sign * (apart + 11)},{height - 20 - brow / 2}" fill="none" '
            f'stroke="{INK}" stroke-width="2.2"/>'
        )
    if rng.random() < 0.5:
        parts += [
            f'<ellipse cx="{sign * 30}" cy="32" rx="8" ry="4" fill="#ff8f93" opacity=".55"/>'
            for sign in (-1, 1)
        ]
    parts.append(f'<path d="M-1,29 L1,31" stroke="{INK}" stroke-width="1.8"/>')
    parts.append(str(rng.choice(MOUTHS)).format(ink=INK))
    parts.append(f'<path d="{rng.choice(FRINGES)}" fill="{hair}" stroke="{INK}" stroke-width="2"/>')
    if rng.random() < 0.3:
        x, colour = int(rng.choice((-38, 38))), rng.choice(EYES)
        parts.append(
            f'<path d="M{x},-52 l-18,-11 v22 Z M{x},-52 l18,-11 v22 Z" fill="{colour}" '
            f'stroke="{INK}" stroke-width="1.6"/>'
        )
    return "".join(parts)


def _eye(x: float, y: float, half_width: float, half_height: float, iris: str) -> str:
    top = y - half_height
    return (
        f'<ellipse cx="{x}" cy="{y}" rx="{half_width}" ry="{half_height}" fill="white"/>'
        f'<ellipse cx="{x}" cy="{y + 1}" rx="{half_width * 0.74}" ry="{half_height * 0.9}" '
        f'fill="{iris}"/>'
        f'<ellipse cx="{x}" cy="{y + 1}" rx="{half_width * 0.4}" ry="{half_height * 0.52}" '
        f'fill="#1d1520"/>'
        f'<circle cx="{x - 3.4}" cy="{y - 5}" r="3.2" fill="white"/>'
        f'<path d="M{x - half_width - 1.5},{y - 3} Q{x},{top - 6} {x + half_width + 1.5},{y - 3}" '
        f'fill="none" stroke="{INK}" stroke-width="4.2"/>'
        f'<path d="M{x - half_width * 0.7},{y + half_height} h{half_width * 1.4}" '
        f'stroke="{INK}" stroke-width="1.2"/>'
    )


def portrait(number: int, size: int = 256) -> Image.Image:
    """Person `number` alone: the head and a margin, RGB (size, size)."""
    rng = np.random.Generator(np.random.Philox(key=[0x706F7274, number]))
    back = _pastel(rng)
    body = f'<rect x="-80" y="-85" width="160" height="160" fill="{back}"/>{person(number)}'
    return _render('viewBox="-80 -85 160 160"', body, size, size)


def scene(number: int, width: int = 1180, height: int = 880, tilt: float = 0.0,
          small: float = 80.0, large: float = 320.0) -> tuple[Image.Image, list[Face]]:  # fmt: skip
    """Scene `number`, RGB (width, height), and its faces.

    Heads are `small` to `large` pixels wide and up to `tilt` degrees askew. They stand in columns
    of their own, so that none hides another.
    """
    rng = np.random.Generator(np.random.Philox(key=[0x7363656E, number]))
    count = int(rng.integers(1, 4))
    body, faces = [_background(rng, width, height)], []
    column = width / count
    for index in range(count):
        largest = min(large, column / 1.9, height / 2.6)
        side = math.exp(rng.uniform(math.log(small), math.log(max(largest, small * 1.05))))
        x = column * index + rng.uniform(0.8 * side, max(column - 0.8 * side, 0.8 * side + 1))
        y = rng.uniform(side, height - 1.0 * side)
        angle = float(rng.uniform(-tilt, tilt)) if tilt else 0.0
        who = 4 * number + index
        body.append(
            f'<g transform="translate({x:.2f} {y:.2f}) rotate({angle:.2f}) '
            f'scale({side / 100:.4f})">{person(who)}</g>'
        )
        faces.append(Face(x, y, side, angle, who))
    box = f'viewBox="0 0 {width} {height}"'
    return _render(box, "".join(body), width, height), faces


def _background(rng: np.random.Generator, width: int, height: int) -> str:
    """Sky, houses with windows, foliage and lettering: things a detector may stumble over."""
    parts = [f'<rect width="{width}" height="{height}" fill="{_pastel(rng)}"/>']
    x = 0.0
    while x < width:
        wide, high = rng.uniform(60, 200), rng.uniform(0.2, 0.8) * height
        parts.append(
            f'<rect x="{x:.0f}" y="{height - high:.0f}" width="{wide:.0f}" height="{high:.0f}" '
            f'fill="{_pastel(rng, 120)}" stroke="{INK}" stroke-width="1.5"/>'
        )
        step = rng.uniform(22, 40)
        for top in np.arange(height - high + 14, height - 20, step):
            for left in np.arange(x + 10, x + wide - 18, step):
                if rng.random() < 0.7:
                    parts.append(
                        f'<rect x="{left:.0f}" y="{top:.0f}" width="{step * 0.5:.0f}" '
                        f'height="{step * 0.6:.0f}" fill="{_pastel(rng, 120)}"/>'
                    )
        x += wide
    for _ in range(int(rng.integers(6, 25))):
        cx, cy, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(8, 60)
        parts.append(
            f'<circle cx="{cx:.0f}" cy="{cy:.0f}" r="{radius:.0f}" fill="{_pastel(rng, 110)}" '
            f'opacity="{rng.uniform(0.4, 1):.2f}"/>'
        )
    return "".join(parts)


def _pastel(rng: np.random.Generator, least: int = 150) -> str:
    return "#" + bytes(rng.integers(least, 256, 3, np.uint8)).hex()


def _render(box: str, body: str, width: int, height: int) -> Image.Image:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{body}</svg>'
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("folder", type=Path, metavar="RAW", help="where to write the pictures")
    parser.add_argument("--count", type=int, default=200, help="scenes (default 200)")
    parser.add_argument("--tilt", type=float, default=0.0, help="degrees at most (default 0)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number in range(options.count):
        image, faces = scene(number, tilt=options.tilt)
        name = f"scene-{number:05}.jpg"
        image.save(options.folder / name, quality=92)
        truth[name] = [asdict(face) for face in faces]
    (options.folder / "truth.json").write_text(json.dumps(truth, indent=1), "utf-8")
    print(f"{len(truth)} scenes with {sum(map(len, truth.values()))} faces in {options.folder}")


if __name__ == "__main__":
    main()
