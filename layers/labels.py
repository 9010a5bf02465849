"""Joining a class label to features."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class JoinLabel(keras.layers.Layer):
    """[x (N, …, C), label (N,) int] → (N, …, C + copies · classes): x with a one-hot label.

    The label's numbers are 1 at the class and -1 elsewhere, the same at every position of x, and
    the whole vector is repeated `copies` times (Zhang et al. 2017, arXiv:1702.08423, section 3.3,
    and the authors' code).

    Args:
        classes: how many classes there are.
        copies: how many times the vector is repeated, so that it weighs as much as x.
    """

    def __init__(self, classes: int, copies: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.copies = copies

    def call(self, inputs):
        x, label = inputs
        signs = 2.0 * ops.one_hot(label, self.classes, dtype=x.dtype) - 1.0
        signs = ops.tile(signs, (1, self.copies))
        places = (-1,) + (1,) * (len(x.shape) - 2) + (self.classes * self.copies,)
        everywhere = ops.zeros_like(x[..., :1]) + ops.reshape(signs, places)
        return ops.concatenate([x, everywhere], axis=-1)

    def compute_output_shape(self, input_shape):
        *places, channels = input_shape[0]
        return (*places, channels + self.classes * self.copies)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes, "copies": self.copies}
