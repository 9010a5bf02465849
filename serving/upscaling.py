"""How near an upscaler comes to the truth on unseen pictures, beside the usual ways to enlarge."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from console.wording import counted
from media.sheet import sheet
from metrics import fidelity
from metrics.extractors import Extractor, extract
from metrics.frechet import frechet_distance
from metrics.intervals import Estimate
from models.resizing import resized, small_copies
from serving.unseen import Unseen, aligned, heading, mean
from serving.upscaler import Upscaler

MOST = 500  # unseen pictures that are measured
_SHOWN = 6
_NETWORK = "network"
_MOST_PSNR = 100.0  # dB, if not one pixel of any picture is wrong


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to enlarge, measured.

    Attributes:
        psnr, ssim: on luma, a border of as many pixels as the factor left out; higher is better.
        exact: pictures without any error, which PSNR leaves out: theirs is infinite.
        gradients: the distance of the gradients' distribution to the truth's, in grey levels.
        frechet: the Fréchet distance to the truth by the extractor's features.
        consistency: the mean absolute difference of 255 to the small picture, once it is shrunk
            again.
    """

    psnr: Estimate
    exact: int
    ssim: Estimate
    gradients: float
    frechet: float
    consistency: float


def measure(
    upscaler: Upscaler,
    truth: np.ndarray,
    extractor: Extractor,
    seed: int = 0,
    given: str | None = None,
) -> Unseen:
    """Shrink pictures `truth` (N, R, R, 3) uint8, enlarge them in three ways, compare.

    `given` names the data that was not held out. The sheet's columns: the small picture, bicubic,
    the network, the truth.
    """
    scale, side = upscaler.scale, truth.shape[1]
    small = upscaler.degraded(truth)
    ways: dict[str, Callable] = {
        "nearest": lambda: resized(small, side, "nearest"),
        "bicubic": lambda: resized(small, side, "bicubic"),
        _NETWORK: lambda: np.stack(upscaler.apply(list(small))),
    }
    features = extract(extractor, truth, progress="the truth").pool
    found, shown = {}, {}
    for name, enlarge in ways.items():
        made = enlarge()
        shown[name] = made[:_SHOWN]
        psnr = fidelity.psnr(made, truth, scale)
        wrong = np.isfinite(psnr)
        found[name] = Way(
            psnr=mean(psnr[wrong] if wrong.any() else np.full(1, _MOST_PSNR), seed),
            exact=int((~wrong).sum()),
            ssim=mean(fidelity.ssim(made, truth, scale), seed),
            gradients=fidelity.gradient_distance(made, truth),
            frechet=frechet_distance(features, extract(extractor, made, progress=name).pool),
            consistency=float(np.abs(small_copies(made, scale).astype(int) - small).mean()),
        )
    columns = [shown["nearest"], shown["bicubic"], shown[_NETWORK], truth[:_SHOWN]]
    page = sheet(
        np.stack(columns, axis=1).reshape(-1, side, side, 3),
        len(columns),
        ("small", "bicubic", _NETWORK, "truth"),
    )
    values = {"count": len(truth), "ways": {n: dataclasses.asdict(way) for n, way in found.items()}}
    text = f"{upscaler.origin}, {_table(found, len(truth), extractor, given)}"
    return Unseen(text, values, page)


def _table(found: dict[str, Way], count: int, extractor: Extractor, given: str | None) -> str:
    distance = extractor.measure_name("frechet")
    head = ("", "PSNR, dB", "SSIM", "gradients", distance, "shrunk again")
    rows = [
        (
            name,
            way.psnr.text(".2f"),
            way.ssim.text(".3f"),
            f"{way.gradients:.2f}",
            f"{way.frechet:.1f}",
            f"{way.consistency:.2f}",
        )
        for name, way in found.items()
    ]
    lines = [heading(f"{count:,} pictures", given, ", shrunk and enlarged again")]
    lines += aligned([head, *rows])
    lines.append("  · PSNR and SSIM on Y; gradients and what is shrunk again in grey levels.")
    exact = [
        f"{counted(way.exact, 'picture')} by {name}" for name, way in found.items() if way.exact
    ]
    if exact:
        lines.append(f"  · restored without error, and not in the PSNR: {', '.join(exact)}.")
    return "\n".join(lines)
