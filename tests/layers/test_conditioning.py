"""Conditions drawn around a caption's, parts of latents, vectors at every position."""

import keras
import numpy as np
import pytest

from layers import Columns, ConditioningAugmentation, OverMap

RNG = np.random.default_rng(0)


def test_conditions_by_hand():
    moments, noise = RNG.standard_normal((3, 8)), RNG.standard_normal((3, 4))
    found = np.array(ConditioningAugmentation()([moments, noise]))
    expected = moments[:, :4] + np.exp(moments[:, 4:]) * noise
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    plain = np.array(ConditioningAugmentation(augment=False)([moments, noise]))
    np.testing.assert_allclose(plain, moments[:, :4], rtol=1e-6)


def test_columns():
    x = np.arange(12.0).reshape(2, 6)
    np.testing.assert_array_equal(Columns(1, 4)(x), x[:, 1:4])


def test_vectors_over_maps():
    maps, vectors = RNG.standard_normal((2, 3, 5, 4)), RNG.standard_normal((2, 3))
    found = np.array(OverMap()([maps, vectors]))
    assert found.shape == (2, 3, 5, 7)
    np.testing.assert_allclose(found[..., :4], maps, rtol=1e-6)
    for row in range(2):
        assert np.abs(found[row, ..., 4:] - vectors[row]).max() < 1e-6


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_shapes_and_saving(precision, tmp_path):
    moments, noise = keras.Input((6,)), keras.Input((9,))
    maps = keras.Input((4, 4, 2))
    c = ConditioningAugmentation(dtype=precision)([moments, Columns(4, 7)(noise)])
    model = keras.Model([moments, noise, maps], OverMap(dtype=precision)([maps, c]))
    assert model.output_shape == (None, 4, 4, 5)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    inputs = [RNG.standard_normal((2, *each.shape[1:])).astype("float32") for each in model.inputs]
    np.testing.assert_array_equal(*(each.predict_on_batch(inputs) for each in (model, again)))
