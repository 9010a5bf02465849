"""Data-parallel training: one system whose batch is spread over devices or machines.

    plan = distribution.start("mirrored")
    with plan.scope():
        system = GAN(recipe)
    plan.fit(system, batches, steps, callbacks)

Every device holds all weights and takes an equal share of each batch. Statistics, losses and
gradients are those of the whole batch, so the weights equal those of training on one device, up to
rounding. This uses TensorFlow's strategies, and Keras's `DataParallel` on JAX.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np

from models import hosts
from models.recipe import Recipe

WAYS = ("none", "mirrored", "hosts")
_AGREE_EVERY = 10  # steps between two agreements of the hosts whether to stop


class Distribution:
    """One device: the way "none", and the base class of the other ways.

    Attributes:
        devices: how many devices share a batch, over all hosts.
        hosts, host: the number of processes, and the number of this one, from 0.
    """

    devices, hosts, host = 1, 1, 0

    @property
    def chief(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.host == 0

    def scope(self) -> contextlib.AbstractContextManager:
        """A context in which variables are made on every device. Build the system in it."""
        return contextlib.nullcontext()

    def check(self, recipe: Recipe) -> None:
        """Raise ValueError unless the batches of every phase can be cut into equal shares."""
        phases = recipe.phases()
        for number, phase in enumerate(phases):
            try:
                self._check_phase(recipe.in_phase(number))
            except ValueError as error:
                if len(phases) == 1:
                    raise
                raise ValueError(f"in phase {phase.name}, {error}") from error

    def _check_phase(self, recipe: Recipe) -> None:
        """`check` of one phase's recipe."""
        self._blocks(recipe)

    def rows(self, recipe: Recipe) -> np.ndarray | None:
        """The rows of every batch that this host makes, in this order; None: all rows.

        The rows of all hosts together make up the batch, each row once.
        """
        return None

    def fit(
        self,
        system: keras.Model,
        batches: Iterable,
        steps: int,
        callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.CallbackList = (),
    ) -> None:
        """Train `system` for `steps` steps on one-tuples of batches of this host's `rows`."""
        system.fit(
            batches,
            steps_per_epoch=steps,
            callbacks=callbacks or None,
            verbose=0,
        )

    def agree(self, step: int, stop: bool, last: bool = False) -> bool:
        """Whether all hosts stop after `step`.

        Args:
            stop: whether this one wants to.
            last: whether the phase ends with it, so that no later step can be agreed on.
        """
        return stop

    def _blocks(self, recipe: Recipe) -> np.ndarray:
        """The rows of a batch as (parts, devices, rows): device i takes [:, i].

        Parts are the micro-batches, or their halves if the recipe compares the halves of a batch:
        each device then has the corresponding rows of both halves.
        """
        parts = recipe.micro_batches * (2 if recipe.compares_halves else 1)
        shares = parts * self.devices
        if recipe.batch_size % shares:
            by = f"{self.devices} devices" + (f" × {parts} parts" if parts > 1 else "")
            least = -(-recipe.batch_size // shares) * shares
            raise ValueError(
                f"batch_size {recipe.batch_size} cannot be cut into equal shares for {by}; "
                f"{least} can"
            )
        return np.arange(recipe.batch_size).reshape(parts, self.devices, -1)


class Replicas(Distribution):
    """TensorFlow's strategies: every device runs the step on its share of the batch."""

    def __init__(self, strategy) -> None:
        self.strategy = strategy
        self.devices = strategy.num_replicas_in_sync
        resolver = strategy.cluster_resolver
        self.hosts = (
            len(resolver.cluster_spec().as_dict().get("worker", [])) or 1 if resolver else 1
        )
        self.host = (resolver.task_id or 0) if self.hosts > 1 else 0
        self._here = self.devices // self.hosts
        self._wants_to_stop = False

    def _check_phase(self, recipe):
        super()._check_phase(recipe)
        share = recipe.batch_size // (recipe.micro_batches * self.devices)
        if share < recipe.least_part:
            raise ValueError(
                f"batch_size {recipe.batch_size} leaves {share} pictures to a device at a time; "
                f"{recipe.name} needs {recipe.least_part}"
            )
        if self.devices > 1 and recipe.sometimes_together:
            raise ValueError(f"on {self.devices} devices {recipe.sometimes_together}")

    def scope(self):
        return self.strategy.scope()

    def rows(self, recipe):
        blocks = self._blocks(recipe)
        mine = range(self.host * self._here, (self.host + 1) * self._here)
        return np.concatenate([blocks[:, device].ravel() for device in mine])

    def fit(self, system, batches, steps, callbacks=()):
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(
                list(callbacks), add_history=True, model=system, epochs=1, steps=steps
            )
        step = self._step(system)
        system.stop_training = False
        callbacks.on_train_begin()
        callbacks.on_epoch_begin(0)
        logs = {}
        for index, (batch,) in zip(range(steps), batches, strict=False):
            callbacks.on_train_batch_begin(index)
            logs = step(self._shared_out(batch))
            callbacks.on_train_batch_end(index, logs)
            if system.stop_training:
                break
        callbacks.on_epoch_end(0, logs)
        callbacks.on_train_end(logs)

    def _step(self, system) -> Callable:
        import tensorflow as tf

        @tf.function(jit_compile=False)
        def step(shares):
            logs = self.strategy.run(system.train_step, args=(shares,))
            mean = tf.distribute.ReduceOp.MEAN
            return {name: self.strategy.reduce(mean, log, axis=None) for name, log in logs.items()}

        return step

    def _shared_out(self, batch: dict[str, np.ndarray]) -> Any:
        """The rows of this host, cut into one share for each of its devices."""
        import tensorflow as tf

        if self._here == 1 and self.hosts == 1:
            return {name: tf.convert_to_tensor(array) for name, array in batch.items()}

        def share(context):
            index = context.replica_id_in_sync_group - self.host * self._here
            return {
                name: tf.convert_to_tensor(np.split(array, self._here)[index])
                for name, array in batch.items()
            }

        return self.strategy.experimental_distribute_values_from_function(share)

    def agree(self, step, stop, last=False):
        if self.hosts == 1:
            return stop
        self._wants_to_stop |= stop
        if step % _AGREE_EVERY and not last:
            return False
        import tensorflow as tf

        @tf.function
        def votes(vote):
            sums = self.strategy.run(
                lambda: tf.distribute.get_replica_context().all_reduce("SUM", vote)
            )
            return self.strategy.experimental_local_results(sums)[0]

        self._votes = getattr(self, "_votes", votes)  # one graph for all questions
        return bool(self._votes(tf.constant(float(self._wants_to_stop))) > 0)


class Sharded(Distribution):
    """JAX: `keras.distribution.DataParallel`; the compiler divides one program over the devices."""

    def __init__(self) -> None:
        import jax

        self.devices, self.hosts, self.host = (
            jax.device_count(),
            jax.process_count(),
            jax.process_index(),
        )
        self._parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
        self._wants_to_stop = False

    def scope(self):
        return self._parallel.scope()

    def rows(self, recipe):
        self._blocks(recipe)
        return np.array_split(np.arange(recipe.batch_size), self.hosts)[self.host]

    def fit(self, system, batches, steps, callbacks=()):
        with self.scope():
            super().fit(system, batches, steps, callbacks)

    def agree(self, step, stop, last=False):
        if self.hosts == 1:
            return stop
        self._wants_to_stop |= stop
        if step % _AGREE_EVERY and not last:
            return False
        from jax.experimental import multihost_utils

        return bool(multihost_utils.process_allgather(np.array(self._wants_to_stop)).any())


def start(way: str) -> Distribution:
    """Start to use the devices that `way` names. Call it before anything is computed.

    "none" is one device. "mirrored" is all GPUs of this machine, or without a GPU all of the
    backend's CPU devices. "hosts" is all devices of several machines that run the same command.
    They find each other by TF_CONFIG, or on JAX without it by `jax.distributed.initialize`, for
    example under Slurm.

    Raises:
        ValueError: an unknown way, one that this backend lacks, or an unusable TF_CONFIG.
    """
    if way not in WAYS:
        raise ValueError(f"Unknown distribution {way!r}. Known: {', '.join(WAYS)}.")
    backend = keras.backend.backend()
    if way == "none":
        return Distribution()
    if backend == "torch":
        raise ValueError(
            f"{way!r} needs KERAS_BACKEND=tensorflow or jax: Keras trains on one device with torch."
        )
    if backend == "jax":
        if way == "hosts":
            hosts.join_jax()
        return Sharded()
    import tensorflow as tf

    if way == "hosts":
        hosts.be_patient(hosts.cluster()[0])
        return Replicas(tf.distribute.MultiWorkerMirroredStrategy())
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    names = [
        device.name.removeprefix("/device:") for device in tf.config.list_logical_devices(kind)
    ]
    return Replicas(tf.distribute.MirroredStrategy(names))
