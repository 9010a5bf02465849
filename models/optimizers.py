"""Adam and RMSprop as in the papers, the decay of their rates, and all players' optimizers."""

import types

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is constant until step `start` and then falls by `decay`.

    "none": it stays. "exponential": rate · factor^((step - start) / every), continuously, such as
    the notes' SAGAN_V5: × 0.99 per 100 steps after 50 000. "linear": to 0 at step `end`.

    Args:
        start: the step after which it falls.
        factor, every: parameters of the exponential decay.
        end: end of the linear decay, after `start`.
        steps_done: a variable that counts the generator's steps, for the rates of both networks;
            None: the optimizer's own count.
        scale: a variable that multiplies the rate and may change during training, or None.
    """

    def __init__(
        self,
        rate: float,
        decay: str = "none",
        start: int = 0,
        factor: float = 1.0,
        every: int = 1,
        end: int = 1,
        steps_done: keras.Variable | None = None,
        scale: keras.Variable | None = None,
    ):
        self.rate = rate
        self.decay = decay
        self.start = start
        self.factor = factor
        self.every = every
        self.end = end
        self.steps_done = steps_done
        self.scale = scale

    def __call__(self, step):
        if self.steps_done is not None:
            step = ops.convert_to_tensor(self.steps_done)
        late = ops.maximum(ops.cast(step, "float32") - self.start, 0.0)
        rate = self.rate * self._left(late)
        return rate if self.scale is None else rate * ops.convert_to_tensor(self.scale)

    def _left(self, late):
        """The factor of the rate `late` steps after the start: from 1 down to 0."""
        if self.decay == "exponential":
            return ops.power(self.factor, late / self.every)
        if self.decay == "linear":
            return ops.maximum(1.0 - late / (self.end - self.start), 0.0)
        return ops.ones_like(late)

    def get_config(self):
        names = ("rate", "decay", "start", "factor", "every", "end")
        return {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable(package="gan")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`; on TensorFlow one fused operation per variable, same results."""

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
    """The TensorFlow resource; Keras gives optimizers its own variables or TensorFlow's."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


@keras.saving.register_keras_serializable(package="gan")
class RMSprop(keras.optimizers.RMSprop):
    """RMSProp as in torch, WGAN's framework: without momentum, not centred.

    v <- ρ v + (1 - ρ) g²; w <- w - rate · g / (√v + ε). Keras divides by √(v + ε) with ε 1e-7,
    which makes the steps much smaller for gradients of 1e-4, as in WGAN's generator.
    """

    def update_step(self, gradient, variable, learning_rate):
        velocity = self._velocities[self._get_variable_index(variable)]
        gradient = ops.cast(gradient, variable.dtype)
        mean_square = self.rho * velocity + (1 - self.rho) * ops.square(gradient)
        self.assign(velocity, mean_square)
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * gradient / (ops.sqrt(mean_square) + self.epsilon))


@keras.saving.register_keras_serializable(package="gan")
class Optimizers(keras.optimizers.Optimizer):
    """The optimizers of all players as one optimizer, which Keras's trainer saves and carries."""

    def __init__(self, parts: dict[str, keras.Optimizer]):
        super().__init__(learning_rate=0.0, name="optimizers")
        # Keras would save the content of a dict a second time.
        self.parts = types.MappingProxyType(parts)
        self.built = True

    @property
    def variables(self):
        return [variable for part in self.parts.values() for variable in part.variables]

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
        """Nothing to do: moving averages are the system's, not the optimizers'."""


OPTIMIZERS = {
    "adam": lambda rate, beta_1, beta_2: Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=1e-8),
    "rmsprop": lambda rate, beta_1, beta_2: RMSprop(rate, rho=beta_2, epsilon=1e-8),
    "sgd": lambda rate, beta_1, beta_2: keras.optimizers.SGD(rate, momentum=beta_1),
}


def get(name: str, rate: float, beta_1: float, beta_2: float) -> keras.Optimizer:
    """A new optimizer; ValueError lists the known names. rmsprop takes beta_2 as rho."""
    if name not in OPTIMIZERS:
        raise ValueError(f"Unknown optimizer {name!r}. Known: {', '.join(OPTIMIZERS)}.")
    return OPTIMIZERS[name](rate, beta_1, beta_2)
