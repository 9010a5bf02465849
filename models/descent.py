"""One optimizer step on a batch, in micro-batches if the batch does not fit into memory."""

from collections.abc import Callable, Sequence

import keras
from keras import ops

from layers import replicas
from models import autodiff

Batch = dict[str, object]  # tensors by name, the batch axis first
Loss = Callable[[], tuple[object, dict[str, object]]]  # () → (loss, logs), scalars


def descend(
    loss: Callable[[Batch], Loss],
    batch: Batch,
    variables: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    micro_batches: int,
    state: Sequence[keras.Variable],
) -> dict[str, object]:
    """Apply to `variables` the mean gradient over the micro-batches; the mean of their logs.

    Args:
        loss: `loss(part)()` is (loss, logs) on that part of the batch; computations in the outer
            call `loss(part)` get no gradient.
        optimizer: built for `variables`; a `LossScaleOptimizer` scales the loss for float16.
        state: all variables that a loss may read or write.
    """
    total, logs = None, {}
    for index in range(micro_batches):
        part = _part(batch, index, micro_batches)
        if total is not None:
            part = autodiff.after(total, part)  # one micro-batch's memory at a time
        value = _scaled(loss(part), optimizer)
        (_, part_logs), gradients = autodiff.value_and_grad(value, variables, state)
        if total is not None:
            gradients = [a + b for a, b in zip(total, gradients, strict=True)]
        total = gradients
        logs = {name: logs.get(name, 0.0) + log / micro_batches for name, log in part_logs.items()}
    shares = micro_batches * replicas.count()  # optimizers add up what the replicas give them
    if shares > 1:
        total = [gradient / shares for gradient in total]
    autodiff.apply_gradients(optimizer, total, variables)
    return logs


def _part(batch: Batch, index: int, count: int) -> Batch:
    if count == 1:
        return batch
    return {name: ops.split(array, count)[index] for name, array in batch.items()}


def _scaled(value: Loss, optimizer: keras.optimizers.Optimizer) -> Loss:
    """The same loss function with its optimizer's loss scaling; the logs are not scaled."""
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return value

    def scaled():
        loss, logs = value()
        return optimizer.scale_loss(loss), logs

    return scaled
