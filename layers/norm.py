"""Batch normalisation, plain and class-conditional, with statistics in float32."""

from collections.abc import Iterable

import keras
from keras import ops

from layers import replicas, weights
from layers.reparametrization import shared_kernels


def _normalize_batch(x, gamma, beta, epsilon):
    """x (N, H, W, C) → (y, mean (C,), biased variance (C,)); gamma and beta are float32 (C,)."""
    if keras.backend.backend() == "tensorflow" and replicas.count() == 1:
        return _normalize_batch_fused(x, gamma, beta, epsilon)
    wide = ops.cast(x, "float32")
    mean, variance = _moments(wide)
    y = (wide - mean) * (ops.rsqrt(variance + epsilon) * gamma) + beta
    return ops.cast(y, x.dtype), mean, variance


def _moments(x):
    """Mean (C,) and biased variance (C,) of x (N, H, W, C) over the whole batch."""
    axes = (0, 1, 2)
    # Not `ops.moments`: torch's is E x² - (E x)², which can be below 0, and others treat the mean
    # as constant within the variance, so that the second derivatives of a share are wrong.
    mean = ops.mean(x, axis=axes)
    variance = ops.mean(ops.square(x - mean), axis=axes)
    if replicas.count() == 1:
        return mean, variance
    shares = replicas.gather(ops.stack([mean, variance])[None])  # (replicas, 2, C)
    mean = ops.mean(shares[:, 0], axis=0)
    return mean, ops.mean(shares[:, 1] + ops.square(shares[:, 0] - mean), axis=0)


def _normalize_batch_fused(x, gamma, beta, epsilon):
    import tensorflow as tf

    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    count = tf.cast(tf.size(x) // tf.shape(x)[-1], "float32")
    # The operation reports the unbiased variance; running statistics keep the biased one.
    return y, mean, variance * (count - 1) / count


@keras.saving.register_keras_serializable(package="gan")
class BatchNorm(keras.layers.Layer):
    """Batch normalisation (Ioffe and Szegedy 2015) over all axes but the last.

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the batch's statistics in
    training and the running ones at inference, where
    running <- momentum * running + (1 - momentum) * batch.
    Statistics are computed in float32 at every precision, and over the whole batch if it is spread
    over several devices.

    Args:
        momentum: weight of the old running statistics, 0 to 1.
        epsilon: added to the variance.
        center, scale: whether beta and gamma are learned.
    """

    mixes_batch = True  # a picture's output depends on the other pictures of its batch

    def __init__(self, momentum=0.9, epsilon=1e-5, center=True, scale=True, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape):
        self.channels = input_shape[-1]
        if self.scale:
            self.gamma = self._vector("gamma", "ones", trainable=True)
        if self.center:
            self.beta = self._vector("beta", "zeros", trainable=True)
        self.moving_mean = self._vector("moving_mean", "zeros", trainable=False)
        self.moving_variance = self._vector("moving_variance", "ones", trainable=False)

    @property
    def statistics(self) -> tuple[keras.Variable, keras.Variable]:
        """The running mean and variance, (C,) each."""
        return self.moving_mean, self.moving_variance

    def _vector(self, name, initializer, trainable):
        return self.add_weight(
            name=name,
            shape=(self.channels,),
            initializer=initializer,
            trainable=trainable,
            dtype="float32",
            autocast=False,
        )

    def call(self, inputs, training=None):
        """inputs (N, ..., C) → the same shape and dtype."""
        gamma = ops.convert_to_tensor(self.gamma) if self.scale else ops.ones((self.channels,))
        beta = ops.convert_to_tensor(self.beta) if self.center else ops.zeros((self.channels,))
        return self.standardize(inputs, gamma, beta, training)

    def standardize(self, inputs, gamma, beta, training):
        """Normalise with the batch's or the running statistics, then scale and shift, (C,) each."""
        if not training:
            gain = gamma * ops.rsqrt(ops.convert_to_tensor(self.moving_variance) + self.epsilon)
            shift = beta - ops.convert_to_tensor(self.moving_mean) * gain
            return ops.cast(ops.cast(inputs, "float32") * gain + shift, inputs.dtype)
        flat = inputs
        if len(inputs.shape) != 4:
            flat = ops.reshape(inputs, (-1, 1, 1, self.channels))
        outputs, mean, variance = _normalize_batch(flat, gamma, beta, self.epsilon)
        self._remember(mean, variance)
        return ops.reshape(outputs, ops.shape(inputs)) if flat is not inputs else outputs

    def _remember(self, mean, variance):
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            old = ops.convert_to_tensor(moving)
            new = old * self.momentum + ops.stop_gradient(batch) * (1 - self.momentum)
            replicas.assign(moving, new)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }


@keras.saving.register_keras_serializable(package="gan")
class ConditionalBatchNorm(BatchNorm):
    """Batch norm whose gain and shift are linear in a condition (de Vries et al. 2017; BigGAN).

    y = (1 + W_gamma c) * normalised(x) + W_beta c: at initialisation with small weights it is plain
    batch norm. The condition c is a class index, int (N,), or a vector, float (N, D): a multi-hot
    attribute vector, or a class embedding joined with a chunk of the latent.

    Args:
        weight_norm: how the two maps are normalised, "none" | "spectral" | …, see `layers.weights`.
        num_classes: how many classes there are; needed only if c is a class index.
        kernel_initializer: initialiser of the two maps.
    """

    def __init__(
        self,
        momentum=0.9,
        epsilon=1e-5,
        weight_norm="none",
        num_classes=None,
        kernel_initializer="zeros",
        **kwargs,
    ):
        super().__init__(momentum, epsilon, center=False, scale=False, **kwargs)
        self.weight_norm = weight_norm
        self.num_classes = num_classes
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features, condition = input_shape
        super().build(features)
        inputs = self.num_classes if len(condition) == 1 else condition[-1]
        if inputs is None:
            raise ValueError("ConditionalBatchNorm on class indices needs num_classes.")
        self.gain = self._map(inputs, "gain")
        self.shift = self._map(inputs, "shift")

    def _map(self, inputs, name):
        table = weights.embedding(
            inputs,
            self.channels,
            weight_norm=self.weight_norm,
            embeddings_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name=name,
        )
        table.build()
        return table

    def call(self, inputs, training=None):
        """inputs [x (N, ..., C), condition (N,) int or (N, D) float] → like x."""
        x, condition = inputs
        normalized = self.standardize(
            x, ops.ones((self.channels,)), ops.zeros((self.channels,)), training
        )
        places = (-1,) + (1,) * (len(x.shape) - 2) + (self.channels,)
        gain = ops.reshape(self.gain(condition, training=training), places)
        shift = ops.reshape(self.shift(condition, training=training), places)
        if self.compute_dtype == "float32":
            return normalized * (1 + gain) + shift
        # In bfloat16, 1 + 0.003 is 1. This form is exact and needs no float32 copy of the map.
        return normalized + (normalized * gain + shift)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        config = super().get_config()
        del config["center"], config["scale"]
        return {
            **config,
            "weight_norm": self.weight_norm,
            "num_classes": self.num_classes,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def mixes_batch(model: keras.Layer) -> bool:
    """Whether, in training, any layer of `model` computes one picture's output from others."""
    return any(getattr(layer, "mixes_batch", False) for layer in model._flatten_layers())


def batch_norms(model: keras.Layer) -> list[BatchNorm]:
    """All batch-norm layers of `model`, including conditional ones."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, BatchNorm)]


def standing_statistics(model: keras.Layer, inputs: Iterable) -> int:
    """Replace the running statistics by the plain mean over `inputs`, an iterable of model inputs.

    Running statistics belong to the latents and weights of training; sampling at another
    truncation, or from averaged weights, needs its own (BigGAN, arXiv:1809.11096, section 3.1).
    Returns how many batches were used; ValueError if there were none.
    """
    layers = batch_norms(model)
    momenta = [layer.momentum for layer in layers]
    count = 0
    try:
        with shared_kernels():
            for count, batch in enumerate(inputs, start=1):
                for layer in layers:
                    layer.momentum = (count - 1) / count
                model(batch, training=True)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    if not count:
        raise ValueError("standing_statistics needs at least one batch of inputs.")
    return count
