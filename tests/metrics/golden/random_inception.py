"""Random weights for the FID Inception, the same on every machine: no 95 MB file is stored."""

import numpy as np


def shapes() -> dict[str, tuple[int, ...]]:
    """Name → shape of the 472 tensors in the published state dict."""
    convolutions = {
        "Conv2d_1a_3x3": (32, 3, 3, 3),
        "Conv2d_2a_3x3": (32, 32, 3, 3),
        "Conv2d_2b_3x3": (64, 32, 3, 3),
        "Conv2d_3b_1x1": (80, 64, 1, 1),
        "Conv2d_4a_3x3": (192, 80, 3, 3),
    }
    for block, channels, pool in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
        convolutions |= {
            f"Mixed_{block}.branch1x1": (64, channels, 1, 1),
            f"Mixed_{block}.branch5x5_1": (48, channels, 1, 1),
            f"Mixed_{block}.branch5x5_2": (64, 48, 5, 5),
            f"Mixed_{block}.branch3x3dbl_1": (64, channels, 1, 1),
            f"Mixed_{block}.branch3x3dbl_2": (96, 64, 3, 3),
            f"Mixed_{block}.branch3x3dbl_3": (96, 96, 3, 3),
            f"Mixed_{block}.branch_pool": (pool, channels, 1, 1),
        }
    convolutions |= {
        "Mixed_6a.branch3x3": (384, 288, 3, 3),
        "Mixed_6a.branch3x3dbl_1": (64, 288, 1, 1),
        "Mixed_6a.branch3x3dbl_2": (96, 64, 3, 3),
        "Mixed_6a.branch3x3dbl_3": (96, 96, 3, 3),
    }
    for block, width in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        convolutions |= {
            f"Mixed_{block}.branch1x1": (192, 768, 1, 1),
            f"Mixed_{block}.branch7x7_1": (width, 768, 1, 1),
            f"Mixed_{block}.branch7x7_2": (width, width, 1, 7),
            f"Mixed_{block}.branch7x7_3": (192, width, 7, 1),
            f"Mixed_{block}.branch7x7dbl_1": (width, 768, 1, 1),
            f"Mixed_{block}.branch7x7dbl_2": (width, width, 7, 1),
            f"Mixed_{block}.branch7x7dbl_3": (width, width, 1, 7),
            f"Mixed_{block}.branch7x7dbl_4": (width, width, 7, 1),
            f"Mixed_{block}.branch7x7dbl_5": (192, width, 1, 7),
            f"Mixed_{block}.branch_pool": (192, 768, 1, 1),
        }
    convolutions |= {
        "Mixed_7a.branch3x3_1": (192, 768, 1, 1),
        "Mixed_7a.branch3x3_2": (320, 192, 3, 3),
        "Mixed_7a.branch7x7x3_1": (192, 768, 1, 1),
        "Mixed_7a.branch7x7x3_2": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_3": (192, 192, 7, 1),
        "Mixed_7a.branch7x7x3_4": (192, 192, 3, 3),
    }
    for block, channels in (("7b", 1280), ("7c", 2048)):
        convolutions |= {
            f"Mixed_{block}.branch1x1": (320, channels, 1, 1),
            f"Mixed_{block}.branch3x3_1": (384, channels, 1, 1),
            f"Mixed_{block}.branch3x3_2a": (384, 384, 1, 3),
            f"Mixed_{block}.branch3x3_2b": (384, 384, 3, 1),
            f"Mixed_{block}.branch3x3dbl_1": (448, channels, 1, 1),
            f"Mixed_{block}.branch3x3dbl_2": (384, 448, 3, 3),
            f"Mixed_{block}.branch3x3dbl_3a": (384, 384, 1, 3),
            f"Mixed_{block}.branch3x3dbl_3b": (384, 384, 3, 1),
            f"Mixed_{block}.branch_pool": (192, channels, 1, 1),
        }
    result = {}
    for name, shape in convolutions.items():
        result[f"{name}.conv.weight"] = shape
        for part in ("weight", "bias", "running_mean", "running_var"):
            result[f"{name}.bn.{part}"] = shape[:1]
    return result | {"fc.weight": (1008, 2048), "fc.bias": (1008,)}


def state(seed: int = 0) -> dict[str, np.ndarray]:
    """Float32 weights that keep the activations' scale: no layer dies, none explodes.

    Every batch norm parameter is far from its neutral value, so that leaving one out shows.
    """
    rng = np.random.default_rng(seed)
    result = {}
    for name, shape in shapes().items():
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            values *= np.sqrt(2.0 / np.prod(shape[1:]), dtype=np.float32)
        elif name.endswith("bn.weight"):
            values = 1.0 + 0.2 * values
        elif name.endswith("running_var"):
            values = np.exp(0.3 * values)
        else:
            values = 0.1 * values
        result[name] = values.astype(np.float32)
    return result
