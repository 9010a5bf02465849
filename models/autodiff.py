"""The differences between TensorFlow, JAX and torch in a GAN's training step.

`value_and_grad` and `input_gradient` are the two derivatives that a GAN needs, and
`answer_and_gradient` gives a network's answer with its gradient; `apply_gradients` is an
optimizer's step, skipped if float16 overflowed; `run_step` runs a stateful step on a backend that
needs a pure function; `after` orders two computations so that the first one's memory is free before
the second begins; `forget_traced` frees the graphs of systems that are gone.
"""

from collections.abc import Callable, Sequence

import keras
from keras import ops

from layers import replicas, strided

BACKEND = keras.backend.backend()

if BACKEND == "tensorflow":
    import tensorflow as tf
    from tensorflow.python.framework import ops as framework

    def value_and_grad(fn: Callable, variables: Sequence, state: Sequence):
        """`fn()` → (loss, aux); returns ((loss, aux), gradients of loss by `variables`).

        `state`: all variables that `fn` may read or write; only JAX needs them.
        """
        with tf.GradientTape() as tape:
            loss, aux = fn()
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        # Embeddings give IndexedSlices; Adam would square their repeated rows one by one.
        return (loss, aux), [_dense(g, v) for g, v in zip(gradients, variables, strict=True)]

    def _dense(gradient, variable):
        if gradient is None:
            raise ValueError(f"The loss does not depend on {variable.path}.")
        return tf.convert_to_tensor(gradient)

    def apply_gradients(optimizer: keras.Optimizer, gradients: list, variables: Sequence):
        """One step of `optimizer`, built for `variables`, on gradients with its loss scaling.

        On several devices the gradients are those of this device's share of the batch.
        """
        scaling = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if scaling and replicas.count() > 1:
            # Keras lets one device, or each host for itself, say whether a step overflowed. All
            # must say the same: the others' infinite gradients would go into the weights.
            mine = tf.cast(tf.logical_not(optimizer.check_finite(gradients)), "float32")
            overflowed = replicas.mean(mine) > 0.0
            gradients = [tf.where(overflowed, float("nan"), each) for each in gradients]
        optimizer.apply(gradients, variables)

    def input_gradient(fn: Callable, x, state: Sequence):
        """The differentiable gradient of sum(fn(x)) by x: x (N, …) → (N, …)."""
        return answer_and_gradient(lambda x: (fn(x), ()), x, state)[1]

    def answer_and_gradient(fn: Callable, x, state: Sequence):
        """`fn(x)` → (y, answer); returns (answer, differentiable gradient of sum(y) by x)."""
        with tf.GradientTape() as tape, strided.differentiated_twice():
            tape.watch(x)
            y, answer = fn(x)
            total = tf.reduce_sum(y)
        return answer, tape.gradient(total, x)

    def compiled(fn: Callable) -> Callable:
        """`fn`, a function of tensors, compiled for many calls with one shape."""
        return tf.function(fn)

    def after(dependency, x):
        """`x`, available only once `dependency` has been computed."""
        with tf.control_dependencies(keras.tree.flatten(dependency)):
            return keras.tree.map_structure(tf.identity, x)

elif BACKEND == "jax":
    import jax

    def _mapping(state):
        return [(variable, variable.value) for variable in state]

    def _write(state, values):
        for variable, value in zip(state, values, strict=True):
            if value is not None:
                variable.assign(value)

    def value_and_grad(fn: Callable, variables: Sequence, state: Sequence):
        """See the TensorFlow version; here a stateless scope makes `fn` pure."""
        outside = _mapping(state)

        def pure(values):
            inside = outside + list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=inside) as scope:
                loss, aux = fn()
            updates = [scope.get_current_value(variable) for variable in state]
            return loss, (aux, updates)

        trained = {id(variable) for variable in variables}
        (loss, (aux, updates)), gradients = jax.value_and_grad(pure, has_aux=True)(
            [variable.value for variable in variables]
        )
        kept = [None if id(v) in trained else u for v, u in zip(state, updates, strict=True)]
        _write(state, kept)
        return (loss, aux), gradients

    def apply_gradients(optimizer: keras.Optimizer, gradients: list, variables: Sequence):
        """See the TensorFlow version: Keras's loss scaling leaks tracers in a stateless scope."""
        if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer.apply(gradients, variables)
            return
        inner = optimizer.inner_optimizer
        before = [(variable, variable.value) for variable in [*variables, *inner.variables]]
        finite = optimizer.check_finite(gradients)
        scale, counter = optimizer.dynamic_scale.value, optimizer.step_counter.value
        inner.apply([gradient / scale for gradient in gradients], variables)
        for variable, old in before:  # a step that overflowed is not taken
            variable.assign(ops.where(finite, variable.value, old))
        due = counter == optimizer.dynamic_growth_steps - 1
        grown = ops.where(due, 2.0 * scale, scale)
        optimizer.dynamic_scale.assign(ops.where(finite, grown, 0.5 * scale))
        count = ops.where(ops.logical_and(finite, ops.logical_not(due)), counter + 1, 0)
        optimizer.step_counter.assign(ops.cast(count, counter.dtype))

    def input_gradient(fn: Callable, x, state: Sequence):
        """See the TensorFlow version; writes of `fn` to variables are dropped."""
        outside = _mapping(state)

        def total(x):
            with keras.StatelessScope(state_mapping=outside):
                return ops.sum(fn(x))

        return jax.grad(total)(x)

    def answer_and_gradient(fn: Callable, x, state: Sequence):
        """See the TensorFlow version; writes of `fn` to variables of `state` are kept."""
        outside = _mapping(state)

        def pure(x):
            with keras.StatelessScope(state_mapping=outside) as scope:
                y, answer = fn(x)
            return ops.sum(y), (answer, [scope.get_current_value(each) for each in state])

        gradient, (answer, updates) = jax.grad(pure, has_aux=True)(x)
        _write(state, updates)
        return answer, gradient

    def compiled(fn: Callable) -> Callable:
        """See the TensorFlow version."""
        return jax.jit(fn)

    def after(dependency, x):
        """`x`, available only once `dependency` has been computed."""
        return jax.lax.optimization_barrier((dependency, x))[1]

elif BACKEND == "torch":
    import torch

    def value_and_grad(fn: Callable, variables: Sequence, state: Sequence):
        """See the TensorFlow version."""
        loss, aux = fn()
        gradients = torch.autograd.grad(loss, [variable.value for variable in variables])
        aux = keras.tree.map_structure(lambda t: t.detach() if torch.is_tensor(t) else t, aux)
        return (loss.detach(), aux), list(gradients)

    def apply_gradients(optimizer: keras.Optimizer, gradients: list, variables: Sequence):
        """See the TensorFlow version."""
        optimizer.apply(gradients, variables)

    def input_gradient(fn: Callable, x, state: Sequence):
        """See the TensorFlow version."""
        return answer_and_gradient(lambda x: (fn(x), ()), x, state)[1]

    def answer_and_gradient(fn: Callable, x, state: Sequence):
        """See the TensorFlow version."""
        x = x.detach().requires_grad_(True)
        y, answer = fn(x)
        return answer, torch.autograd.grad(y.sum(), x, create_graph=True)[0]

    def compiled(fn: Callable) -> Callable:
        """`fn` as it is: torch runs eagerly."""
        return fn

    def after(dependency, x):
        """`x`: torch runs eagerly, in order."""
        return x

else:
    raise ImportError(f"Unknown KERAS_BACKEND {BACKEND!r}. Known: tensorflow, jax, torch.")


def forget_traced() -> None:
    """Free the graphs that TensorFlow keeps for ever, with each `custom_gradient` in them.

    To be called where the systems that traced them are no longer trained.
    """
    if BACKEND == "tensorflow":
        registry = framework.gradient_registry._registry
        for name in [each for each in registry if each.startswith("CustomGradient-")]:
            del registry[name]


def run_step(model: keras.Model, step: Callable, args: tuple):
    """Run `step(batch)` → logs as the `train_step` of Keras's trainer on this backend.

    TensorFlow and torch call `train_step(batch)`. JAX calls `train_step(state, batch)` and needs
    `(logs, new state)`; a stateless scope around the same step provides it.
    """
    if BACKEND != "jax":
        (batch,) = args
        return step(batch)
    state, batch = args
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    mapping = [
        pair
        for group, values in zip(groups, state, strict=True)
        for pair in zip(group, values, strict=True)
    ]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = step(batch)
    new = dict.fromkeys(range(len(mapping)))
    for index, (variable, old) in enumerate(mapping):
        value = scope.get_current_value(variable)
        new[index] = old if value is None else value
    values = iter(new.values())
    return logs, tuple([next(values) for _ in group] for group in groups)
