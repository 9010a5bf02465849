"""Pictures of triangles, a world whose manifold is known.

Lucic et al. 2018, "Are GANs Created Equal?" (arXiv:1711.10337), section 4.2: grey triangles of
least angle 20°, drawn with 8×8 sub-pixels. Triangle i is the same on every machine; 0 to 59 999 are
for training, 60 000 to 69 999 for choosing, 70 000 to 79 999 for testing.
"""

import numpy as np
from PIL import Image, ImageDraw

TRAINING, TESTING = 60_000, range(70_000, 80_000)
LEAST_ANGLE = 20.0  # degrees
SCALE = 0.75  # the corners lie in the middle three quarters of the picture
SUBPIXELS = 8


def corners(index: int) -> np.ndarray:
    """The corners of triangle `index`: float64 (3, 2), as shares of the picture's side."""
    rng = np.random.Generator(np.random.Philox(key=[0x747269, index]))
    while True:
        drawn = (1 - SCALE) / 2 + SCALE * rng.random((3, 2))
        if allowed(drawn):
            return drawn


def least_angle(triangle: np.ndarray) -> float:
    """The smallest angle of a triangle (3, 2), in degrees; 0 if two corners coincide."""
    angles = []
    for here in range(3):
        a, b = (triangle[(here + k) % 3] - triangle[here] for k in (1, 2))
        lengths = np.linalg.norm(a) * np.linalg.norm(b)
        if lengths == 0:
            return 0.0
        angles.append(np.degrees(np.arccos(np.clip(a @ b / lengths, -1, 1))))
    return float(min(angles))


def allowed(triangle: np.ndarray) -> bool:
    """Whether a triangle (3, 2) belongs to the world: its angles and where its corners lie."""
    edge = (1 - SCALE) / 2
    inside = triangle.min() >= edge and triangle.max() <= 1 - edge
    return bool(inside) and least_angle(triangle) >= LEAST_ANGLE


def draw(triangle: np.ndarray, resolution: int) -> np.ndarray:
    """White on black, antialiased: uint8 (resolution, resolution) of corners (3, 2)."""
    side = resolution * SUBPIXELS
    fine = Image.new("L", (side, side))
    ImageDraw.Draw(fine).polygon([(x * side, y * side) for x, y in triangle], fill=255)
    return np.asarray(fine.reduce(SUBPIXELS))


def render(index: int, resolution: int) -> np.ndarray:
    """Triangle `index` as RGB uint8 (resolution, resolution, 3)."""
    return np.repeat(draw(corners(index), resolution)[:, :, None], 3, axis=2)
