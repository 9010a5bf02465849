"""Adam and RMSprop as in the papers, the decay of their rates, and all players' optimizers."""

import types
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from models.schedules import Schedule


class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that follows a `Schedule` from `rate` to `last`.

    Args:
        schedule: its curve; by default it is constant.
        last: what a linear or cosine curve ends at.
        steps_done: a variable that counts the generator's steps, for the rates of both networks;
            None: the optimizer's own count.
        scale: a variable that multiplies the rate and may change during training, or None.
    """

    def __init__(
        self,
        rate: float,
        schedule: Schedule | None = None,
        last: float = 0.0,
        steps_done: keras.Variable | None = None,
        scale: keras.Variable | None = None,
    ):
        self.rate = rate
        self.schedule = schedule or Schedule()
        self.last = last
        self.steps_done = steps_done
        self.scale = scale

    def __call__(self, step):
        if self.steps_done is not None:
            step = ops.convert_to_tensor(self.steps_done)
        rate = self.schedule.value(self.rate, self.last, step)
        return rate if self.scale is None else rate * ops.convert_to_tensor(self.scale)


class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`; on TensorFlow one fused operation per variable, same results.

    Args:
        beta_2_now: () → the present β2, a scalar, for one that changes during training, or None.
            As in `torch.optim.Adam`, the present one corrects the bias of all steps so far.
    """

    def __init__(self, *args, beta_2_now: Callable[[], Any] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.beta_2_now = beta_2_now

    def update_step(self, gradient, variable, learning_rate):
        beta_2 = self.beta_2 if self.beta_2_now is None else self.beta_2_now()
        if keras.backend.backend() == "tensorflow":
            self._update_fused(gradient, variable, learning_rate, beta_2)
        elif self.beta_2_now is None:
            super().update_step(gradient, variable, learning_rate)
        else:
            self._update(gradient, variable, learning_rate, beta_2)

    def _update(self, gradient, variable, learning_rate, beta_2):
        """Adam's algorithm 1 (arXiv:1412.6980), in the form at the end of its section 2."""
        index = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, "float32")
        momentum, velocity = self._momentums[index], self._velocities[index]
        gradient = ops.cast(gradient, "float32")
        self.assign_add(momentum, (1.0 - self.beta_1) * (gradient - momentum))
        self.assign_add(velocity, (1.0 - beta_2) * (ops.square(gradient) - velocity))
        correction = ops.sqrt(1.0 - ops.power(beta_2, step)) / (
            1.0 - ops.power(ops.cast(self.beta_1, "float32"), step)
        )
        moved = ops.cast(learning_rate, "float32") * correction * momentum
        self.assign_sub(variable, moved / (ops.sqrt(velocity) + self.epsilon))

    def _update_fused(self, gradient, variable, learning_rate, beta_2):
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, "float32")
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, "float32"),
            beta1=tf.constant(self.beta_1, "float32"),
            beta2=tf.cast(beta_2, "float32"),
            epsilon=tf.constant(self.epsilon, "float32"),
            grad=tf.cast(gradient, "float32"),
        )


def _handle(variable):
    """The TensorFlow resource; Keras gives optimizers its own variables or TensorFlow's."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


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


OPTIMIZERS = ("adam", "rmsprop", "sgd")


def get(
    name: str,
    rate: Any,
    beta_1: float,
    beta_2: float,
    beta_2_now: Callable[[], Any] | None = None,
) -> keras.Optimizer:
    """A new optimizer; ValueError lists the known names. rmsprop takes beta_2 as rho.

    Args:
        rate: its learning rate, or a schedule of Keras.
        beta_2_now: see `Adam`; the others do not read it.
    """
    if name == "adam":
        return Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=1e-8, beta_2_now=beta_2_now)
    if name == "rmsprop":
        return RMSprop(rate, rho=beta_2, epsilon=1e-8)
    if name == "sgd":
        return keras.optimizers.SGD(rate, momentum=beta_1)
    raise ValueError(f"Unknown optimizer {name!r}. Known: {', '.join(OPTIMIZERS)}.")
