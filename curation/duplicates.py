"""Copies of one face: low frequencies propose, small colour pictures confirm.

Copies may be re-encoded, rescaled, brightened, mirrored or cropped. A detector cuts the face in a
copy a few per cent larger or shifted. That alone changes 30 to 90 bits of a 256-bit perceptual
hash, and distinct drawn faces also differ in 30 to 90 bits. So we keep the cosine coefficients, in
colour, as numbers; such a hash reduces them to bits. Faces are compared only with their nearest
neighbours in a k-d tree. Each pair is then measured by its tangent distance, which first shifts,
scales and fades one thumbnail to match the other (Simard, LeCun and Denker, "Efficient pattern
recognition using a new transformation distance", NIPS 1992, to first order).
"""

import numpy as np
from PIL import Image
from scipy import fft, ndimage
from scipy.spatial import cKDTree

SIDE = 16  # of a thumbnail, pixels
FREQUENCIES, DIMENSIONS = 3, 10  # 3 × 3 of each channel, then their main axes
NEIGHBOURS = 8
REACH = 36.0  # in units of 0..255: copies are nearer (99 % of those measured)
ROUNDS = 4  # rounds of the neighbour search, in case a face has more copies than neighbours
CHUNK = 4096
BLUR = 1.2  # pixels of the thumbnail: a shift of half a pixel must be a small one
# The largest mean difference of copies, of 255. Measured on drawn faces, distinct ones are beyond
# 4.0 where a detector cut them, and beyond 4.2 where nothing needs to be moved.
LIMIT = 3.0


def thumbnail(picture: Image.Image) -> np.ndarray:
    """RGB → uint8 (16, 16, 3)."""
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def copies(thumbnails: np.ndarray, order: np.ndarray, recut: bool) -> dict[int, int]:
    """Which faces are copies: each copy → the face that is kept.

    thumbnails  uint8 (N, 16, 16, 3)
    order       the indices 0 … N − 1, faces to keep first
    recut       whether a detector cut the faces; otherwise copies match pixel by pixel

    A face is a copy of a kept face if their distance is below the limit, or if its distance to a
    direct copy of that face is below half the limit. Longer chains do not count: their ends may be
    unlike their beginning.
    """
    kept, found = np.asarray(order), {}
    for _ in range(ROUNDS):
        pairs, measured = _pairs(thumbnails[kept], recut)
        more = _greedy(kept, pairs, measured)
        if not more:
            break
        found.update(more)
        # faces with a copy may have more copies than neighbours
        kept = np.array([index for index in kept[np.unique(pairs)] if index not in more])
    return {copy: _last(found, original) for copy, original in found.items()}


def distances(first: np.ndarray, second: np.ndarray, recut: bool) -> np.ndarray:
    """Mean |difference| (P,) of thumbnails (P, 16, 16, 3), in units of 0..255.

    The mean colour of each does not count, so that brighter copies are found. `recut` blurs both
    and removes the difference that a small shift, scaling or change of contrast explains.
    """
    first, second = first.astype(np.float32), second.astype(np.float32)
    if not recut:
        return np.abs(_centred(second - first)).mean(axis=(1, 2, 3))
    first, second = (
        ndimage.gaussian_filter(some, (0, BLUR, BLUR, 0), mode="nearest")
        for some in (first, second)
    )
    mean = (first + second) / 2
    down, across = np.gradient(mean, axis=(1, 2))
    place = np.linspace(-1, 1, SIDE, dtype=np.float32)
    larger = across * place[:, np.newaxis] + down * place[:, np.newaxis, np.newaxis]
    # the border may show what only one of the two contains
    within = np.s_[:, 1:-1, 1:-1]
    rest = _centred((second - first)[within])
    tangents = [_centred(some[within]) for some in (across, down, larger, mean)]
    return np.abs(_unexplained(rest, tangents)).mean(axis=(1, 2, 3))


def _unexplained(rest: np.ndarray, tangents: list[np.ndarray]) -> np.ndarray:
    """`rest` less its least-squares fit by the tangents; each (P, …) and one fit for each of P."""
    flat = rest.reshape(len(rest), -1)
    basis = np.stack([tangent.reshape(len(rest), -1) for tangent in tangents], axis=2)
    square = basis.transpose(0, 2, 1) @ basis
    square += 1e-3 * np.eye(len(tangents), dtype=np.float32)  # a flat picture has no tangents
    weights = np.linalg.solve(square, basis.transpose(0, 2, 1) @ flat[:, :, np.newaxis])
    return (flat - (basis @ weights)[:, :, 0]).reshape(rest.shape)


def _centred(pictures: np.ndarray) -> np.ndarray:
    return pictures - pictures.mean(axis=(1, 2), keepdims=True)


def _pairs(thumbnails: np.ndarray, recut: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of copies int64 (P, 2), first < second, and their distances (P,)."""
    if len(thumbnails) < 2:
        return np.empty((0, 2), np.int64), np.empty(0)
    plain = _coefficients(thumbnails)
    axes = np.linalg.svd(np.cov(plain.T))[0][:, :DIMENSIONS]
    tree = cKDTree(plain @ axes)
    confirmed, measured = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for mirrored in (False, True):
        turned = thumbnails[:, :, ::-1] if mirrored else thumbnails
        _, near = tree.query(
            _coefficients(turned) @ axes,
            k=min(NEIGHBOURS + 1, len(thumbnails)),
            distance_upper_bound=REACH,
            workers=-1,
        )
        here = np.repeat(np.arange(len(thumbnails)), near.shape[1])
        pairs = np.stack([here, near.ravel()], axis=1)
        pairs = pairs[(pairs[:, 1] < len(thumbnails)) & (pairs[:, 0] != pairs[:, 1])]
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        for start in range(0, len(pairs), CHUNK):
            some = pairs[start : start + CHUNK]
            far = distances(turned[some[:, 0]], thumbnails[some[:, 1]], recut)
            confirmed.append(some[far <= LIMIT])
            measured.append(far[far <= LIMIT])
    return np.concatenate(confirmed), np.concatenate(measured)


def _coefficients(thumbnails: np.ndarray) -> np.ndarray:
    """The lowest frequencies without the mean, (N, 24), in units of 0..255."""
    low = fft.dctn(thumbnails.astype(np.float32), axes=(1, 2), norm="ortho")
    low = low[:, :FREQUENCIES, :FREQUENCIES].reshape(len(thumbnails), -1, 3)[:, 1:]
    return low.reshape(len(thumbnails), -1) / SIDE


def _greedy(kept: np.ndarray, pairs: np.ndarray, measured: np.ndarray) -> dict[int, int]:
    """Each copy → the first kept face it is a copy of, by index; `pairs` are places in `kept`."""
    partners: dict[int, list[tuple[int, float]]] = {}
    for (first, second), distance in zip(pairs.tolist(), measured.tolist(), strict=True):
        partners.setdefault(first, []).append((second, distance))
        partners.setdefault(second, []).append((first, distance))
    direct: dict[int, int] = {}
    for place in sorted(partners):
        stay = [other for other, _ in partners[place] if other < place and other not in direct]
        if stay:
            direct[place] = min(stay)
    found, originals = dict(direct), set(direct.values())
    for place in sorted(partners):
        if place in direct or place in originals:
            continue
        near = [direct[other] for other, distance in partners[place]
                if other in direct and distance <= LIMIT / 2 and direct[other] < place]  # fmt: skip
        if near:
            found[place] = min(near)
    return {int(kept[copy]): int(kept[original]) for copy, original in found.items()}


def _last(found: dict[int, int], original: int) -> int:
    while original in found:
        original = found[original]
    return original
