import numpy as np
import pytest
from keras import ops

from layers import LabelEmbedding, Projection, weights
from tests.layers.checks import check_layer

FEATURES = np.array([[1, 2], [3, 4]], "float32")
TABLE = np.array([[1, 0], [0, 10], [100, 100]], "float32")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([0, 2], "int32"), [[1], [700]]),
        (np.array([[1, 1, 0], [0, 1, 1]], "float32"), [[21], [740]]),
    ],
)
def test_exact(labels, expected):
    layer = Projection(3, weight_norm="none")
    layer([FEATURES, labels])
    layer.embed.embeddings.assign(TABLE)
    np.testing.assert_array_equal(layer([FEATURES, labels]), expected)


def test_label_embedding_exact():
    layer = LabelEmbedding(3, 2)
    layer.build()
    layer.embeddings.assign(TABLE)
    np.testing.assert_array_equal(layer(np.array([2, 1], "int32")), TABLE[[2, 1]])
    both = ops.convert_to_numpy(layer(np.array([[1, 1, 1]], "float32")))
    np.testing.assert_array_equal(both, [[101, 110]])


def test_unknown_weight_norm_lists_the_known():
    with pytest.raises(ValueError, match=r"'spectrum'.*none, spectral"):
        weights.dense(3, weight_norm="spectrum")


@pytest.mark.parametrize("labels", [np.array([0, 2], "int32"), np.ones((2, 3), "float32")])
def test_contract(labels, tmp_path):
    check_layer(
        lambda: Projection(3), [FEATURES, labels], (2, 1), tmp_path, trainable=1, non_trainable=1
    )
