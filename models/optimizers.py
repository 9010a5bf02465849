"""Adam with TensorFlow's fused kernel, the notes' learning-rate schedule, and D's and G's pair."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class HeldThenExponential(keras.optimizers.schedules.LearningRateSchedule):
    """rate until step `start`, then rate · decay^((step - start) / every), continuously.

    The notes' SAGAN_V5: × 0.99 per 100 steps after 50 000 steps. With `start` infinite the
    rate stays. `factor`, a variable that may change during training, multiplies all of it.
    """

    def __init__(
        self,
        rate: float,
        start: float,
        decay: float,
        every: int,
        factor: keras.Variable | None = None,
    ):
        self.rate = rate
        self.start = start
        self.decay = decay
        self.every = every
        self.factor = factor

    def __call__(self, step):
        late = ops.maximum(ops.cast(step, "float32") - self.start, 0.0)
        rate = self.rate * ops.power(self.decay, late / self.every)
        return rate if self.factor is None else rate * ops.convert_to_tensor(self.factor)

    def get_config(self):
        return {"rate": self.rate, "start": self.start, "decay": self.decay, "every": self.every}


@keras.saving.register_keras_serializable(package="gan")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`; on TensorFlow one fused operation a variable, the same numbers."""

    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, "float32")
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, "float32"),
            beta1=tf.constant(self.beta_1, "float32"),
            beta2=tf.constant(self.beta_2, "float32"),
            epsilon=tf.constant(self.epsilon, "float32"),
            grad=tf.cast(gradient, "float32"),
        )


def _handle(variable):
    """The TensorFlow resource; Keras hands optimizers its own variables or TensorFlow's."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


@keras.saving.register_keras_serializable(package="gan")
class OptimizerPair(keras.optimizers.Optimizer):
    """D's and G's optimizers under the one name that Keras's trainer saves and carries."""

    def __init__(self, discriminator: keras.Optimizer, generator: keras.Optimizer):
        super().__init__(learning_rate=0.0, name="optimizer_pair")
        self.discriminator = discriminator
        self.generator = generator
        self.built = True

    @property
    def variables(self):
        return [*self.discriminator.variables, *self.generator.variables]

    def save_own_variables(self, store):
        for index, variable in enumerate(self.variables):
            store[str(index)] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store):
        if len(store.keys()) != len(self.variables):
            raise ValueError(
                f"The file holds {len(store.keys())} optimizer variables, "
                f"these optimizers have {len(self.variables)}."
            )
        for index, variable in enumerate(self.variables):
            variable.assign(store[str(index)])

    def finalize_variable_values(self, var_list):
        """Nothing to do: the generator's moving average is the GAN's, not the optimizer's."""


OPTIMIZERS = {
    "adam": lambda rate, beta_1, beta_2: Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=1e-8),
    "rmsprop": lambda rate, beta_1, beta_2: keras.optimizers.RMSprop(rate, rho=beta_2),
    "sgd": lambda rate, beta_1, beta_2: keras.optimizers.SGD(rate, momentum=beta_1),
}


def get(name: str, rate: float, beta_1: float, beta_2: float) -> keras.Optimizer:
    """A new optimizer; ValueError lists the known names. rmsprop takes beta_2 as rho."""
    if name not in OPTIMIZERS:
        raise ValueError(f"Unknown optimizer {name!r}. Known: {', '.join(OPTIMIZERS)}.")
    return OPTIMIZERS[name](rate, beta_1, beta_2)
