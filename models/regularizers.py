"""Regularisation of a network's weights, added to that network's loss.

Like spectral normalisation, the orthogonal regularisation (arXiv:1809.11096) treats a kernel as a
matrix W of shape (inputs, outputs): a convolution's height, width and input channels are inputs.
"""

import keras
from keras import ops

from layers import ConditionalBatchNorm, GroupedConv2D


def orthogonal(network: keras.Model):
    """Sum over kernels of ||W^T W ∘ (1 - I)||_F², a float32 scalar (BigGAN, equation 3).

    It pushes the filters' directions towards right angles and, unlike plain orthogonal
    regularisation, does not constrain their lengths. It covers every convolution (each group of a
    grouped one by itself), dense layer and linear map of a conditional batch norm. Label
    embeddings, whose rows are learned vectors, do not count.
    """
    return sum((_overlap(matrix) for matrix in matrices(network)), start=0.0)


def half_square(network: keras.Model):
    """Half the sum of squares of all trained parameters, including biases: a float32 scalar.

    Its gradient is the weights themselves, so this times a weight decay equals the weight decay of
    `torch.optim.Adam`: the decay passes through Adam's scaling, unlike in AdamW.
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
        elif isinstance(layer, GroupedConv2D):
            found += map(_matrix, ops.split(layer.kernel, layer.groups, axis=-1))
        elif isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            found.append(_matrix(layer.kernel))
    return found


def _matrix(kernel):
    kernel = ops.cast(ops.convert_to_tensor(kernel), "float32")
    return ops.reshape(kernel, (-1, kernel.shape[-1]))


def _overlap(matrix):
    """The sum of squared scalar products of all pairs of different columns."""
    products = ops.matmul(ops.transpose(matrix), matrix)
    return ops.sum(ops.square(products)) - ops.sum(ops.square(ops.diagonal(products)))
