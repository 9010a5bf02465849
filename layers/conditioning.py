"""What a network takes of a caption: conditioning augmentation, and parts of the latents."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class ConditioningAugmentation(keras.layers.Layer):
    """[moments (N, 2·C), ε (N, C)] → c (N, C) = μ + σ ε; moments are μ, then log σ.

    So a caption stands for a neighbourhood, not for a point (StackGAN, Zhang et al. 2017,
    arXiv:1612.03242, section 3.2). Without `augment`, c = μ and ε is not read.
    """

    def __init__(self, augment: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.augment = augment

    def call(self, inputs):
        moments, noise = inputs
        mean, log_sigma = ops.split(moments, 2, axis=-1)
        return mean + ops.exp(log_sigma) * noise if self.augment else mean

    def compute_output_shape(self, input_shape):
        moments, _ = input_shape
        return (*moments[:-1], moments[-1] // 2)

    def get_config(self):
        return {**super().get_config(), "augment": self.augment}


@keras.saving.register_keras_serializable(package="gan")
class Columns(keras.layers.Layer):
    """x (N, C) → its columns from `start` up to `stop`, (N, stop - start)."""

    def __init__(self, start: int, stop: int, **kwargs):
        super().__init__(**kwargs)
        self.start, self.stop = start, stop

    def call(self, inputs):
        return inputs[:, self.start : self.stop]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.stop - self.start)

    def get_config(self):
        return {**super().get_config(), "start": self.start, "stop": self.stop}


@keras.saving.register_keras_serializable(package="gan")
class OverMap(keras.layers.Layer):
    """[maps (N, H, W, C), vectors (N, D)] → (N, H, W, C + D): the vector at every position."""

    def call(self, inputs):
        maps, vectors = inputs
        shape = (*ops.shape(maps)[:3], vectors.shape[-1])
        spread = ops.broadcast_to(ops.cast(vectors, maps.dtype)[:, None, None], shape)
        return ops.concatenate([maps, spread], axis=-1)

    def compute_output_shape(self, input_shape):
        maps, vectors = input_shape
        return (*maps[:-1], maps[-1] + vectors[-1])
