"""Pictures of a few colours, against the sum by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from layers import Palette


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_mean_of_colours_by_hand(channels):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 0.5, (2, 3, 5, 6)).astype("float32")
    colours = rng.uniform(-1, 1, (2, 6, channels)).astype("float32")
    found = Palette(channels, sharpness=2.0)([logits, colours.reshape(2, -1)])
    for n, row, column in np.ndindex(2, 3, 5):
        shares = np.exp(2 * logits[n, row, column])
        wanted = (shares / shares.sum()) @ colours[n]
        np.testing.assert_allclose(ops.convert_to_numpy(found)[n, row, column], wanted, atol=1e-6)


def test_clear_logits_give_exactly_one_colour():
    logits = np.full((1, 4, 4, 3), -9.0, "float32")
    logits[..., 1] = 9.0
    logits += np.random.default_rng(0).normal(0, 0.1, logits.shape).astype("float32")
    colours = np.array([[0.9, -0.9, 0.1, 0.2, -0.3, 0.4, -1.0, 1.0, 0.0]], "float32")
    found = ops.convert_to_numpy(Palette()([logits, colours]))
    np.testing.assert_array_equal(found, np.broadcast_to(colours[0, 3:6], (1, 4, 4, 3)))


def test_it_computes_in_its_own_precision_and_is_saved(tmp_path):
    logits, colours = keras.Input((4, 4, 5), dtype="bfloat16"), keras.Input((10,))
    made = Palette(2, sharpness=3.0, dtype="float32", name="a")([logits, colours])
    assert (made.shape, made.dtype) == ((None, 4, 4, 2), "float32")
    model = keras.Model([logits, colours], made)
    model.save(tmp_path / "a.keras")
    layer = keras.saving.load_model(tmp_path / "a.keras").get_layer("a")
    assert (layer.channels, layer.sharpness, layer.compute_dtype) == (2, 3.0, "float32")
