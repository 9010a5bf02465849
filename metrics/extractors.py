"""Feature extractors: a frozen network and all settings that its numbers depend on.

| name | network | its Fréchet distance is called |
|---|---|---|
| `lite0` | EfficientNet-Lite0, installs with the requirements | `FD-lite0@224` |
| `lite1` | EfficientNet-Lite1, from the requirements too | `FD-lite1@240` |
| `inception` | the 2015-12-05 Inception, weights from the user | `FID` |
| `dinov2` | DINOv2 ViT-L/14, from KerasHub | `FD-dinov2@224` |
| `clip` | CLIP ViT-L/14, from KerasHub; also CMMD | `FD-clip@336` |
| a `.keras` file | a domain's own network | `FD-<file name>@<size>` |

Only the 2015 Inception's numbers may be called FID, KID and IS.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
from keras import layers
from tqdm import tqdm

from foreign import networks
from foreign.records import Unreadable
from metrics import hub, inception, lite0, lite1, pth, weights
from metrics.errors import MetricError
from metrics.pictures import is_array, rebatch
from metrics.resize import Resize

NAMES = ("lite0", "lite1", "inception", *hub.NETWORKS)
_FID = "inception-2015-12-05"  # the name of the one network whose distance is the FID
PRECISIONS = ("float32", "bfloat16")
# Input ranges of a user's `.keras` network, as (scale, shift) of 0..255.
RANGES = {"0..255": (1.0, 0.0), "0..1": (1 / 255, 0.0), "-1..1": (1 / 127.5, -1.0)}


@dataclass(frozen=True)
class Features:
    """An extractor's output for N pictures: `pool` (N, d) and `logits` (N, classes), float32."""

    pool: np.ndarray
    logits: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pool)

    def take(self, indices: np.ndarray | slice) -> "Features":
        """The features of some of the pictures."""
        return Features(self.pool[indices], None if self.logits is None else self.logits[indices])


@dataclass(frozen=True, eq=False)
class Extractor:
    """A frozen network with its input size, resize, precision and the hash of its weights."""

    name: str
    network: keras.Model
    size: tuple[int, int]
    resize: str
    weights_sha256: str
    precision: str = "float32"
    _pipelines: dict = field(default_factory=dict, repr=False)

    @property
    def is_inception(self) -> bool:
        """Whether the numbers may be called FID, KID and IS."""
        return self.name == _FID

    @property
    def is_clip(self) -> bool:
        """Whether its features are those of which CMMD is a distance."""
        return self.name == "clip"

    @property
    def label(self) -> str:
        """Name and size, as in `lite0@224`."""
        height, width = self.size
        return f"{self.name}@{height}" + ("" if height == width else f"x{width}")

    def measure_name(self, measure: str) -> str:
        """The name of a measure on this extractor: "FID" or "FD-lite0@224"."""
        canonical = {"frechet": "FID", "kernel": "KID", "score": "IS", "intra": "Intra-FID"}
        general = {"frechet": "FD", "kernel": "KD", "score": "CS", "intra": "Intra-FD"}
        if self.is_inception:
            return canonical.get(measure, measure)
        return f"{general[measure]}-{self.label}" if measure in general else measure

    def passport(self) -> dict:
        """The part of a metric record that describes the features."""
        return {
            "name": self.name,
            "weights_sha256": self.weights_sha256,
            "size": list(self.size),
            "resize": self.resize,
            "precision": self.precision,
        }

    def _pipeline(self, shape: tuple[int, int, int]) -> keras.Model:
        """Pictures of one shape → [features] or [features, logits], compiled once a shape."""
        if shape not in self._pipelines:
            inputs = keras.Input(shape)
            outputs = self.network(Resize(self.resize, self.size)(inputs))
            self._pipelines[shape] = keras.Model(inputs, outputs)
        return self._pipelines[shape]

    def __call__(self, pictures: np.ndarray) -> Features:
        """uint8 pictures (N, H, W, 3) → their features, in one batch."""
        pipeline = self._pipeline(pictures.shape[1:])
        outputs = pipeline.predict_on_batch(pictures.astype(np.float32))
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return Features(*(np.asarray(output, np.float32) for output in outputs))


def extract(
    extractor: Extractor,
    pictures: np.ndarray | Iterable[np.ndarray],
    count: int | None = None,
    batch_size: int = 32,
    progress: str | None = None,
) -> Features:
    """Features of all pictures, a batch at a time: only the features stay in memory.

    `pictures` is an array (or memory map) or an iterable of batches, uint8 or float in [-1, 1].
    `count` is the number of pictures of an iterable; `progress` is the name on the progress bar,
    `None` shows none. Raises `MetricError` for no pictures, NaN pixels, and features that are not
    finite.
    """
    total = len(pictures) if is_array(pictures) else count
    pool, logits = _Rows(total), _Rows(total)
    hidden = progress is None
    with tqdm(total=total, desc=progress, unit="img", leave=False, disable=hidden) as bar:
        for batch in rebatch(pictures, batch_size):
            features = _padded(extractor, batch, batch_size)
            pool.add(features.pool)
            if features.logits is not None:
                logits.add(features.logits)
            bar.update(len(batch))
    if not pool.count:
        raise MetricError("There are no pictures to measure.")
    if not np.isfinite(pool.values()).all():
        raise MetricError(f"{extractor.label} gives NaN or infinite features.")
    return Features(pool.values(), logits.values() if logits.count else None)


class _Rows:
    """Collects rows that arrive in batches; if their number is known, without a second copy."""

    def __init__(self, expected: int | None):
        self.count, self._expected = 0, expected or 0
        self._array = np.empty((0, 0), np.float32)

    def add(self, rows: np.ndarray):
        end = self.count + len(rows)
        if not self.count:
            self._array = np.empty((max(self._expected, end), rows.shape[1]), np.float32)
        if end > len(self._array):
            grown = np.empty((max(end, len(self._array) * 3 // 2), rows.shape[1]), np.float32)
            grown[: self.count] = self._array[: self.count]
            self._array = grown
        self._array[self.count : end] = rows
        self.count = end

    def values(self) -> np.ndarray:
        return self._array[: self.count]


def _padded(extractor: Extractor, batch: np.ndarray, size: int) -> Features:
    """One batch, filled up to `size` so that JAX compiles a single shape."""
    if keras.backend.backend() != "jax" or len(batch) == size:
        return extractor(batch)
    filled = np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)])
    return extractor(filled).take(slice(len(batch)))


def load(
    name: str = "lite0",
    *,
    inception_path: str | Path | None = None,
    download: bool = False,
    precision: str = "float32",
    input_range: str = "0..255",
    preset: str | None = None,
) -> Extractor:
    """An extractor by name, one of `NAMES`, or the path of a `.keras` file.

    `inception_path` and `download` say where the FID Inception's weights are (see
    `weights.inception_path`); `precision` "bfloat16" trades accuracy for speed and is recorded;
    `input_range` is the pixel range of a `.keras` network; `preset` names other weights for a
    network of KerasHub. Raises `MetricError` for unknown names and for wrong or missing weights.
    """
    _check_option("precision", precision, PRECISIONS)
    _check_option("input range", input_range, RANGES)
    if name == "lite0":
        return _from_pth(lite0, "lite0", weights.lite0_path(), "bicubic-antialias", precision)
    if name == "lite1":
        return _from_pth(lite1, "lite1", weights.lite1_path(), "bicubic-antialias", precision)
    if name == "inception":
        path = weights.inception_path(inception_path, download)
        return _from_pth(inception, _FID, path, "tf1-bilinear", precision)
    if name in hub.NETWORKS:
        if precision != "float32":
            raise MetricError(f"The network {name} measures in float32; leave out bfloat16.")
        network, digest = hub.build(name, preset)
        size = (hub.NETWORKS[name].size,) * 2
        return Extractor(name, network, size, "pillow-bicubic", digest)
    if str(name).endswith(".keras"):
        if precision != "float32":
            raise MetricError("A .keras network keeps its own precision; leave out bfloat16.")
        return _from_keras(Path(name), input_range)
    raise MetricError(f"Unknown extractor {name!r}. Known: {', '.join(NAMES)}, or a .keras file.")


def _check_option(what: str, value: str, known: Iterable[str]):
    if value not in known:
        raise MetricError(f"Unknown {what} {value!r}. Known: {', '.join(known)}.")


def _from_pth(module, name: str, path: Path, resize: str, precision: str) -> Extractor:
    network = module.build(pth.load(path), precision)
    size = (module.SIZE, module.SIZE)
    return Extractor(name, network, size, resize, weights.sha256(path), precision)


def _from_keras(path: Path, input_range: str) -> Extractor:
    if not path.is_file():
        raise MetricError(f"There is no network file {path}.")
    try:
        model = networks.load(path)
    except Unreadable as error:
        raise MetricError(str(error)) from error
    shape = model.input_shape if isinstance(model.input_shape, tuple) else ()
    if len(shape) != 4 or shape[3] != 3 or None in shape[1:3]:
        raise MetricError(
            f"{path} must take pictures of one size, (N, height, width, 3). It takes {shape}."
        )
    inputs = keras.Input(shape[1:])
    scale, shift = RANGES[input_range]
    outputs = model(layers.Rescaling(scale, shift)(inputs))
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if len(outputs) > 2 or len(outputs[0].shape) not in (2, 4):
        raise MetricError(f"{path} must give features (N, d) or (N, h, w, d), and logits at most.")
    if len(outputs[0].shape) == 4:
        outputs[0] = layers.GlobalAveragePooling2D()(outputs[0])
    resize = "bicubic-antialias"
    name = path.name if path.stem in (*NAMES, _FID) else path.stem  # no file is one of these
    name += "" if input_range == "0..255" else f"({input_range})"
    network = keras.Model(inputs, outputs)
    return Extractor(name, network, shape[1:3], resize, weights.sha256(path))
