"""Initial weights drawn by NumPy, so that one seed gives the same network on every backend."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import scipy.linalg
from keras import ops

_scope = threading.local()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A context in which all initialisers of this module draw from one stream, begun at `seed`.

    Networks built twice with the same seed start with exactly the same weights.
    """
    outer = getattr(_scope, "generator", None)
    _scope.generator = np.random.Generator(np.random.Philox(seed))
    try:
        yield
    finally:
        _scope.generator = outer


@contextmanager
def blank() -> Iterator[None]:
    """A context in which initialisers give zeros, for networks that will get copied weights."""
    outer = getattr(_scope, "blank", False)
    _scope.blank = True
    try:
        yield
    finally:
        _scope.blank = outer


def _generator() -> np.random.Generator:
    return getattr(_scope, "generator", None) or np.random.default_rng()


class _HostInitializer(keras.initializers.Initializer):
    gain = 1.0

    def __call__(self, shape, dtype=None, **_):
        if getattr(_scope, "blank", False):
            return ops.zeros(shape, dtype or "float32")
        values = (self.gain * self.draw(_generator(), tuple(shape))).astype("float32")
        return ops.convert_to_tensor(values, dtype=dtype or "float32")

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        raise NotImplementedError


def truncated_normal(generator: np.random.Generator, shape, std: float, cut: float) -> np.ndarray:
    """Normal numbers with standard deviation `std`, drawn again if beyond ±`cut`; any shape."""
    values = generator.standard_normal(shape) * std
    while (outside := np.abs(values) > cut).any():
        values[outside] = generator.standard_normal(int(outside.sum())) * std
    return values


def orthonormal(tall: np.ndarray) -> np.ndarray:
    """Q (m, n) of the QR decomposition of `tall` (m, n), m ≥ n, whose R has a positive diagonal.

    For normal numbers, Q is uniform over the matrices with orthonormal columns. It comes from the
    Cholesky factor of AᵀA, five times as fast as Householder reflections for a large kernel; done
    twice if A may be ill-conditioned (Yamamoto et al. 2015, "CholeskyQR2").
    """
    rows, columns = tall.shape
    q = tall
    try:
        for _ in range(1 if rows >= 2 * columns else 2):
            lower = np.linalg.cholesky(q.T @ q)
            q = scipy.linalg.solve_triangular(lower, q.T, lower=True, check_finite=False).T
    except np.linalg.LinAlgError:  # about one square matrix in 20 000
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diag(r))
    return q


@keras.saving.register_keras_serializable(package="gan")
class TruncatedNormal(_HostInitializer):
    """`gain` times normal numbers of standard deviation `stddev`, cut at ±2 `stddev`."""

    def __init__(self, stddev: float = 0.02, gain: float = 1.0):
        self.stddev = stddev
        self.gain = gain

    def draw(self, generator, shape):
        return truncated_normal(generator, shape, self.stddev, 2 * self.stddev)

    def get_config(self):
        return {"stddev": self.stddev, "gain": self.gain}


@keras.saving.register_keras_serializable(package="gan")
class Normal(_HostInitializer):
    """`gain` times normal numbers of standard deviation `stddev`."""

    def __init__(self, stddev: float = 0.02, gain: float = 1.0):
        self.stddev = stddev
        self.gain = gain

    def draw(self, generator, shape):
        return generator.standard_normal(shape) * self.stddev

    def get_config(self):
        return {"stddev": self.stddev, "gain": self.gain}


@keras.saving.register_keras_serializable(package="gan")
class Orthogonal(_HostInitializer):
    """`gain` times a matrix (inputs, outputs) of orthonormal rows or columns (Saxe et al. 2014)."""

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def draw(self, generator, shape):
        rows, columns = int(np.prod(shape[:-1])), shape[-1]
        q = orthonormal(generator.standard_normal((max(rows, columns), min(rows, columns))))
        return (q if rows >= columns else q.T).reshape(shape)

    def get_config(self):
        return {"gain": self.gain}


@keras.saving.register_keras_serializable(package="gan")
class GlorotUniform(_HostInitializer):
    """Uniform in ± gain · sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010)."""

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def draw(self, generator, shape):
        receptive_field = int(np.prod(shape[:-2]))
        fan_in = shape[-2] if len(shape) > 1 else shape[0]
        limit = np.sqrt(6 / ((fan_in + shape[-1]) * receptive_field))
        return generator.uniform(-limit, limit, shape)

    def get_config(self):
        return {"gain": self.gain}


@keras.saving.register_keras_serializable(package="gan")
class FanInUniform(_HostInitializer):
    """Uniform in ± gain / sqrt(inputs), as PyTorch's convolutions begin.

    Args:
        inputs: numbers that go into one output; by default those of the kernel that is drawn.
    """

    def __init__(self, inputs: int | None = None, gain: float = 1.0):
        self.inputs = inputs
        self.gain = gain

    def draw(self, generator, shape):
        limit = (self.inputs or np.prod(shape[:-1])) ** -0.5
        return generator.uniform(-limit, limit, shape)

    def get_config(self):
        return {"inputs": self.inputs, "gain": self.gain}


@keras.saving.register_keras_serializable(package="gan")
class HeNormal(_HostInitializer):
    """`gain` times normal numbers of variance 2 / inputs, for ReLUs (He et al. 2015)."""

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def draw(self, generator, shape):
        return generator.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[:-1]))

    def get_config(self):
        return {"gain": self.gain}


@keras.saving.register_keras_serializable(package="gan")
class ICNR(HeNormal):
    """For a convolution before a pixel shuffle by 2: all four pixels of a block start equal.

    A kernel (…, inputs, C) by `HeNormal`, four times side by side: so the shuffle begins as nearest
    up-sampling, without a checkerboard (Aitken et al. 2017, arXiv:1707.02937).
    """

    def draw(self, generator, shape):
        return np.concatenate([super().draw(generator, (*shape[:-1], shape[-1] // 4))] * 4, axis=-1)


@keras.saving.register_keras_serializable(package="gan")
class UnitVector(_HostInitializer):
    """A random direction: a vector of length 1, where power iteration starts."""

    def draw(self, generator, shape):
        vector = generator.standard_normal(shape)
        return vector / np.linalg.norm(vector)

    def get_config(self):
        return {}


INITIALIZERS = {
    "truncated_normal": TruncatedNormal,
    "normal": Normal,
    "orthogonal": Orthogonal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "icnr": ICNR,
}


def get(name: str, gain: float = 1.0) -> keras.initializers.Initializer:
    """The kernel initialiser of that name, scaled by `gain`; ValueError lists the known names."""
    if name not in INITIALIZERS:
        raise ValueError(f"Unknown initializer {name!r}. Known: {', '.join(INITIALIZERS)}.")
    return INITIALIZERS[name](gain=gain)


def refuse_unseeded(network: keras.Model) -> None:
    """Raise ValueError if a layer would draw its initial weights with Keras's initialisers."""
    for layer in network._flatten_layers():
        for name, value in vars(layer).items():
            if isinstance(value, keras.initializers.Initializer) and hasattr(value, "seed"):
                raise ValueError(
                    f"{network.name}'s layer {layer.name} draws its weights with Keras's own "
                    f"{name} {type(value).__name__}; give it one of layers.initializers."
                )
