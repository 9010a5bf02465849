"""The inputs of the golden values, made again from a seed by the script and by the tests."""

import numpy as np


def features(count: int, width: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """Correlated, skewed, non-negative float64 features (count, width), like a network's."""
    mixing = np.random.default_rng((99, width)).normal(size=(width, width)) / np.sqrt(width)
    rng = np.random.default_rng((seed, count, width))
    values = rng.normal(size=(count, width)) @ (mixing + 0.5 * np.eye(width)) + shift
    return np.maximum(values + 0.5, 0.01 * values)


def pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Real and fake features: more pictures than features, fewer, and one of each."""
    return {
        "large": (features(400, 32, 1), features(350, 32, 2, 0.2)),
        "small": (features(30, 64, 3), features(25, 64, 4, 0.1)),
        "mixed": (features(200, 64, 5), features(20, 64, 6, 0.1)),
    }


def logits() -> np.ndarray:
    """Confident logits (203, 50), a count that does not divide by 10."""
    return 3.0 * np.random.default_rng(7).normal(size=(203, 50))


def pictures(height: int, width: int, count: int = 2, seed: int = 8) -> np.ndarray:
    """uint8 pictures (count, height, width, 3): smooth waves of colour with noise on them."""
    rng = np.random.default_rng((seed, height, width))
    y, x = np.mgrid[0:height, 0:width] / 10.0
    waves = []
    for _ in range(count * 3):
        a, b, phase = rng.uniform(-1.5, 1.5, 3)
        waves.append(np.sin(a * y + b * x + 3 * phase))
    smooth = np.stack(waves).reshape(count, 3, height, width).transpose(0, 2, 3, 1)
    noise = rng.normal(size=smooth.shape)
    return np.clip(127.5 + 90 * smooth + 25 * noise, 0, 255).astype(np.uint8)


SIZES = ((37, 52), (340, 310))  # one smaller than the network takes, one larger
