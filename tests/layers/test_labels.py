"""Joining labels to features, by hand."""

import keras
import numpy as np
import pytest

from layers import JoinLabel


def joined(layer, x, label):
    x = np.asarray(x, "float32")
    return keras.ops.convert_to_numpy(layer([x, np.asarray(label, "int32")]))


def test_a_class_is_plus_one_and_the_others_minus_one():
    found = joined(JoinLabel(3), [[0.5, 7.0], [0.25, 8.0]], [2, 0])
    np.testing.assert_array_equal(found, [[0.5, 7, -1, -1, 1], [0.25, 8, 1, -1, -1]])


def test_copies_repeat_the_whole_vector():
    found = joined(JoinLabel(2, copies=3), [[9.0]], [1])
    np.testing.assert_array_equal(found, [[9, -1, 1, -1, 1, -1, 1]])


def test_maps_get_the_label_at_every_position():
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    layer = JoinLabel(2, copies=2)
    found = joined(layer, x, [0, 1])
    assert found.shape == (2, 3, 4, 9)
    assert layer.compute_output_shape([(2, 3, 4, 5), (2,)]) == (2, 3, 4, 9)
    np.testing.assert_array_equal(found[..., :5], x)
    for row, vector in enumerate(([1, -1, 1, -1], [-1, 1, -1, 1])):
        np.testing.assert_array_equal(found[row, ..., 5:], np.broadcast_to(vector, (3, 4, 4)))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_it_is_saved_and_computes_in_its_precision(dtype, tmp_path):
    x, label = keras.Input((4, 4, 3)), keras.Input((), dtype="int32")
    model = keras.Model([x, label], JoinLabel(3, 2, dtype=dtype, name="join")([x, label]))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    layer = again.get_layer("join")
    assert (layer.classes, layer.copies) == (3, 2)
    inputs = [np.ones((2, 4, 4, 3), "float32"), np.array([1, 2], "int32")]
    made = keras.ops.convert_to_tensor(again(inputs))
    assert keras.backend.standardize_dtype(made.dtype) == dtype.removeprefix("mixed_")
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(keras.ops.cast(made, "float32"))[:, 0, 0, 3:],
        [[-1, 1, -1] * 2, [-1, -1, 1] * 2],
    )
