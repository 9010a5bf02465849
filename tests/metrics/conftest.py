"""Networks are built once a session: they are the slow part of these tests."""

from pathlib import Path

import numpy as np
import pytest

from metrics import extractors, inception
from tests.metrics.golden import random_inception

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden():
    """Name of a golden file → its arrays."""
    return lambda name: np.load(GOLDEN / f"{name}.npz")


@pytest.fixture(scope="session")
def lite0():
    return extractors.load("lite0")


@pytest.fixture(scope="session")
def random_fid_inception():
    """The FID Inception with the golden script's random weights."""
    network = inception.build(random_inception.state())
    return extractors.Extractor(
        "inception-2015-12-05", network, (299, 299), "tf1-bilinear", "random"
    )


@pytest.fixture
def tiny(tmp_path):
    """A `.keras` network of a user's own: 8×8 pictures to 6 features."""
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 64),
            keras.layers.Conv2D(6, 3, activation="tanh"),
        ]
    )
    model.save(tmp_path / "tiny.keras")
    return extractors.load(str(tmp_path / "tiny.keras"))
