import keras
import numpy as np
import pytest
from keras import ops

from models import generator_terms
from models.generator_terms import GeneratorStep


def step(latents, fake, real=None, features=lambda data, labels: data):
    fake = ops.convert_to_tensor(np.asarray(fake, "float32"))
    latents = ops.convert_to_tensor(np.asarray(latents, "float32"))
    return GeneratorStep(latents, fake, fake, None, real, None, features)


def test_mode_seeking_by_hand():
    # Pairs (0, 2) and (1, 3). Latents apart by 1 and 3: mean 2. Pictures apart by 4 and 0: mean 2.
    latents = [[0.0], [0.0], [1.0], [3.0]]
    fake = [[1.0], [5.0], [5.0], [5.0]]
    value = generator_terms.get("mode_seeking").function(step(latents, fake))
    assert float(value) == pytest.approx(1 / (2 / 2 + 1e-5), rel=1e-6)


def test_mode_seeking_punishes_collapse_and_rewards_spread():
    latents = [[0.0], [0.0], [1.0], [3.0]]
    term = generator_terms.get("mode_seeking").function
    assert float(term(step(latents, np.ones((4, 1))))) == pytest.approx(1e5, rel=1e-3)
    near = float(term(step(latents, [[0.0], [0.0], [1.0], [1.0]])))
    far = float(term(step(latents, [[0.0], [0.0], [2.0], [2.0]])))
    assert far == pytest.approx(near / 2, rel=1e-4)


def test_mode_seeking_leaves_an_odd_one_out():
    term = generator_terms.get("mode_seeking").function
    even = float(term(step([[0.0], [1.0]], [[0.0], [3.0]])))
    odd = float(term(step([[0.0], [1.0], [9.0]], [[0.0], [3.0], [7.0]])))
    assert odd == even


def test_labels_are_shared_by_the_pairs():
    labels = ops.convert_to_tensor(np.array([1, 2, 3, 4, 5], "int32"))
    shared = ops.convert_to_numpy(generator_terms.share_labels(labels))
    assert shared.tolist() == [1, 2, 1, 2, 5]


def test_feature_matching_by_hand():
    real = ops.convert_to_tensor(np.array([[1.0, 0.0], [3.0, 0.0]], "float32"))
    fake = [[0.0, 1.0], [2.0, 3.0]]
    value = generator_terms.get("feature_matching").function(step([[0.0]] * 2, fake, real))
    assert float(value) == pytest.approx((2 - 1) ** 2 + (0 - 2) ** 2)


def test_features_are_what_the_logit_layer_sees():
    x, y = keras.Input((3,)), keras.Input((), dtype="int32")
    hidden = keras.layers.Dense(4, activation="relu", name="hidden")(x)
    model = keras.Model([x, y], keras.layers.Dense(1, name="to_logit")(hidden))
    data, labels = np.ones((2, 3), "float32"), np.zeros(2, "int32")
    features = generator_terms.feature_function(model)
    before = ops.convert_to_numpy(features(data, labels))
    last = model.get_layer("to_logit")
    np.testing.assert_allclose(
        ops.convert_to_numpy(model([data, labels])), ops.convert_to_numpy(last(before)), rtol=1e-6
    )
    model.get_layer("hidden").bias.assign(np.full(4, 10.0))  # the same weights, not a copy
    assert ops.convert_to_numpy(features(data, labels)).min() > before.min()


def test_features_are_those_of_training():
    """With batch norm in D they are normalised by the batch at hand, as in D's own step."""
    x, y = keras.Input((3,)), keras.Input((), dtype="int32")
    normed = keras.layers.BatchNormalization(name="norm")(x)
    model = keras.Model([x, y], keras.layers.Dense(1, name="to_logit")(normed))
    data = 5.0 + 2.0 * np.random.default_rng(0).standard_normal((64, 3)).astype("float32")
    found = generator_terms.feature_function(model)(data, np.zeros(64, "int32"))
    np.testing.assert_allclose(ops.convert_to_numpy(found).mean(0), 0.0, atol=1e-4)


def test_unknown_term_lists_the_known():
    with pytest.raises(ValueError, match=r"Unknown generator term 'x'\. Known: none, mode_seeking"):
        generator_terms.get("x")
