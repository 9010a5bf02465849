"""Edge-avoiding smoothing against a loop over pixels in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from layers.smoothing import EdgeAvoidingSmoothing, distances


def by_hand(picture, width, distance):
    """One pass, pixel by pixel, from the definition."""
    height, columns, _ = picture.shape
    found = np.empty_like(picture)
    for row in range(height):
        for column in range(columns):
            total, weight = picture[row, column].copy(), 1.0
            for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                y, x = row + down * distance, column + right * distance
                if 0 <= y < height and 0 <= x < columns:
                    gap = np.sum((picture[y, x] - picture[row, column]) ** 2)
                    near = np.exp(-gap / (2 * width * width))
                    total += near * picture[y, x]
                    weight += near
            found[row, column] = total / weight
    return found


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_passes_by_hand(channels):
    pictures = np.random.default_rng(0).normal(0, 0.2, (2, 7, 9, channels))
    wanted = np.stack([by_hand(by_hand(each, 0.3, 1), 0.3, 3) for each in pictures])
    layer = EdgeAvoidingSmoothing(0.3, (1, 3))
    found = ops.convert_to_numpy(layer(ops.convert_to_tensor(pictures.astype("float32"))))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_noise_goes_and_edges_stay():
    rng = np.random.default_rng(0)
    clean = np.zeros((1, 32, 32, 3), "float32")
    clean[:, 8:24, 10:20] = (0.9, -0.5, 0.2)
    noisy = clean + rng.normal(0, 0.02, clean.shape).astype("float32")
    layer = EdgeAvoidingSmoothing(0.125, distances(32))
    smooth = ops.convert_to_numpy(layer(noisy))
    assert np.std(smooth - clean) < 0.2 * np.std(noisy - clean)
    assert np.abs(smooth - clean).max() < 0.05  # no pixel beside the edge has changed sides
    np.testing.assert_allclose(ops.convert_to_numpy(layer(clean)), clean, atol=1e-6)


def test_in_training_nothing_changes():
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype("float32")
    layer = EdgeAvoidingSmoothing(1.0, (1, 2))
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x, training=True)), x)
    assert np.abs(ops.convert_to_numpy(layer(x, training=False)) - x).max() > 0.1


def test_distances():
    assert [distances(side) for side in (8, 32, 64, 128)] == [
        (1, 2, 1), (1, 2, 4, 2, 1), (1, 2, 4, 8, 2, 1), (1, 2, 4, 8, 16, 2, 1),
    ]  # fmt: skip


def test_it_is_saved_with_its_network(tmp_path):
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, EdgeAvoidingSmoothing(0.3, (1, 2))(inputs))
    assert model.output_shape == (None, 8, 8, 3)
    model.save(tmp_path / "a.keras")
    again = keras.saving.load_model(tmp_path / "a.keras")
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan")])
def test_a_width_must_be_above_0(width):
    with pytest.raises(ValueError, match="width must be above 0, not"):
        EdgeAvoidingSmoothing(width)


@pytest.mark.parametrize(("steps", "wrong"), [((1, 8), 8), ((0,), 0), ((-1,), -1)])
def test_a_distance_must_fit(steps, wrong):
    with pytest.raises(ValueError, match=f"A distance of {wrong} does not fit pictures of 8 pix"):
        EdgeAvoidingSmoothing(0.1, steps).build((None, 8, 16, 3))
