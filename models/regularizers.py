"""Regularisation of a network's weights, added to that network's loss.

Like spectral normalisation, the orthogonal one (arXiv:1809.11096) sees a kernel as a matrix W of
shape (inputs, outputs): the height, width and input channels of a convolution are its inputs.
"""

import keras
from keras import ops

from layers import ConditionalBatchNorm


def orthogonal(network: keras.Model):
    """Sum over kernels of ||W^T W ∘ (1 - I)||_F², a float32 scalar (BigGAN, equation 3).

    It brings the filters' directions towards right angles and, unlike plain orthogonal
    regularisation, leaves their lengths free. Every convolution, dense layer and linear map of a
    conditional batch norm counts; label embeddings, whose rows are learned vectors, do not.
    """
    return sum((_overlap(matrix) for matrix in matrices(network)), start=0.0)


def half_square(network: keras.Model):
    """Half the sum of the squares of all trained numbers, biases too: a float32 scalar.

    Its gradient is the weights themselves, so this times a weight decay is what `torch.optim.Adam`
    does with its own: the decay passes through Adam's scaling, unlike in AdamW.
    """
    squares = [ops.sum(ops.square(ops.convert_to_tensor(v))) for v in network.trainable_variables]
    return 0.5 * sum(squares)


def matrices(network: keras.Model) -> list:
    """The kernels of `network` that `orthogonal` acts on, float32 (inputs, outputs) each."""
    found = []
    for layer in network._flatten_layers():
        if isinstance(layer, ConditionalBatchNorm):
            found += [_matrix(layer.gain.embeddings), _matrix(layer.shift.embeddings)]
        elif isinstance(layer, keras.layers.Conv2DTranspose):  # kernel (h, w, outputs, inputs)
            kernel = ops.convert_to_tensor(layer.kernel)
            found.append(_matrix(ops.transpose(kernel, (0, 1, 3, 2))))
        elif isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            found.append(_matrix(layer.kernel))
    return found


def _matrix(kernel):
    kernel = ops.cast(ops.convert_to_tensor(kernel), "float32")
    return ops.reshape(kernel, (-1, kernel.shape[-1]))


def _overlap(matrix):
    """The squared scalar products of all pairs of different columns, summed."""
    products = ops.matmul(ops.transpose(matrix), matrix)
    return ops.sum(ops.square(products)) - ops.sum(ops.square(ops.diagonal(products)))
