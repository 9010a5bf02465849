"""A system: networks that are trained in turns by `fit`.

A subclass defines its networks (`build_networks`), which optimizer trains which of them at what
rate (`players`), and the optimizer steps of a training step (`turns`). Everything else is here: the
step, micro-batches, optimizers, moving averages, precision, backends and checkpoints.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from layers import initializers, replicas
from layers.reparametrization import power_iterate, shared_kernels
from models import autodiff, averages, copies, feeding, optimizers, precisions
from models.descent import Batch, descend
from models.outputs import Judged, Output, Preview, Watched, Work
from models.players import Logs, Player, Turn
from models.recipe import Recipe


class System(keras.Model):
    """Networks that are trained by `fit` on batches that include all random numbers of a step.

    So a step is a function of its batch: the same on every backend, after a resume, and on several
    devices. `fit` takes one-tuples of a dict of arrays (B, columns, …), B the batch size; the
    subclass defines them. One call of `train_step` takes every turn, `times` times each.

    Every network is an attribute under its name; its average, if `averaged` lists it, is
    `ema_<name>`. Layers must take their initial weights from `layers.initializers`, so that a seed
    determines them on every backend.

    Args:
        recipe: what to build and how to train it.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        seed: seed of the initial weights, which are the same on every backend.
        jit_compile: as in `keras.Model.compile`.
        steps_per_execution: as in `keras.Model.compile`; on torch only 1.
        phase: which of the recipe's phases it trains; see `take_over`.

    Raises:
        ValueError: an unknown precision, a recipe that fits no network, a layer that draws its own
            initial weights, or more than one step per execution on torch.
    """

    averaged: tuple[str, ...] = ()
    # The networks for use after training, by the names of their files.
    outputs: Mapping[str, Output] = types.MappingProxyType({})
    watched: Watched

    def __init__(
        self,
        recipe: Recipe,
        precision: str = "float32",
        seed: int = 0,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        phase: int = 0,
    ):
        super().__init__(name=recipe.name)
        precisions.check(precision)
        if steps_per_execution > 1 and keras.backend.backend() == "torch":
            raise ValueError(
                f"steps_per_execution is {steps_per_execution}; torch supports only 1."
            )
        self.whole_recipe, self.phase, self.precision = recipe, phase, precision
        self.recipe = recipe = recipe.in_phase(phase)
        self.schedule = self.whole_recipe.schedule(phase)
        self.check(recipe)
        with precisions.policy(precision), initializers.seeded(seed):
            built = self.build_networks()
        self.network_names = tuple(built)
        for name, network in built.items():
            initializers.refuse_unseeded(network)
            setattr(self, name, network)
        for name in self.averaged:
            setattr(self, f"ema_{name}", copies.copy(built[name]))
        self.steps_done = self.add_weight(
            name="steps_done", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        # Multiplies all learning rates: after a collapse a run continues with smaller ones.
        self.learning_rate_factor = self.add_weight(
            name="learning_rate_factor", shape=(), initializer="ones", trainable=False
        )
        self.add_state()
        # Whether it begins with networks that were trained, which their averages must not forget.
        # Set before the first step.
        self.begins_trained = False
        self._made = types.SimpleNamespace()  # hidden from Keras, which would save it
        self.built = True
        # Keras would save the content of dicts a second time.
        self._players = types.MappingProxyType(self.players())
        self._turns = tuple(self.turns())
        self._compile(jit_compile, steps_per_execution)
        # Keras lets XLA compile the `predict` of uncompiled models; on a CPU that is slower.
        for network in self.networks.values():
            network.jit_compile = self.jit_compile

    # === What a subclass says ===

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise ValueError, before anything is built, for a recipe that cannot be built."""

    def build_networks(self) -> dict[str, keras.Model]:
        """The networks by name, in the order in which their weights are drawn."""
        raise NotImplementedError

    def players(self) -> dict[str, Player]:
        """The players by name, in the order in which their optimizers are saved."""
        raise NotImplementedError

    def turns(self) -> list[Turn]:
        """The optimizer steps of a training step, in order."""
        raise NotImplementedError

    def add_state(self) -> None:
        """Add further variables, such as pools of pictures. They are saved with the rest."""

    def before_step(self) -> None:
        """Set values that depend on `steps_done`, such as a fade-in."""

    def take_over(self, previous: System) -> None:
        """Continue from the previous phase's system: take its weights, averages and step count.

        Networks of the same name and shapes are copied, and so is the system's own state;
        optimizers start anew. A system whose networks change must override this.
        """
        for name, network in self.networks.items():
            before = previous.networks.get(name)
            if before is not None and copies.shapes(before) == copies.shapes(network):
                copies.copy_values(before.variables, network.variables)
        own = {variable.name: variable for variable in previous._own_variables()}
        mine = [variable for variable in self._own_variables() if variable.name in own]
        copies.copy_values([own[variable.name] for variable in mine], mine)

    def _own_variables(self) -> list[keras.Variable]:
        """Variables outside the networks: the step count and those of `add_state`."""
        of_networks = {id(v) for network in self.networks.values() for v in network.variables}
        return [variable for variable in self.variables if id(variable) not in of_networks]

    # === Its description ===

    def work(self) -> list[Work]:
        """The cost of each turn, for the estimate of memory and time."""
        raise NotImplementedError

    def sized(self, name: str) -> keras.Model:
        """The network of that name for pictures of the size that a step has, for the estimate.

        A network that takes pictures of any size is built once more with that one.
        """
        return self.networks[name]

    def preview(
        self, data: Mapping[str, Any], rng: np.random.Generator, rows: int, columns: int
    ) -> Preview:
        """The content of the run's grids, chosen by `rng`. `data`: each domain's pictures."""
        raise NotImplementedError

    def judged(self, data: Mapping[str, Any], rng: np.random.Generator, count: int) -> Judged:
        """The measurement during training: `count` pictures against as many reals."""
        raise NotImplementedError

    def augmented_pictures(
        self, pictures: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray | None:
        """Pictures uint8 (N, H, W, C) as D sees them, float in [-1, 1]; None: as they are."""
        return None

    def output(self, name: str, averaged: bool = True) -> keras.Model:
        """The network of output `name`, or its average if there is one and `averaged` is true."""
        network = self.outputs[name].network
        averaged = averaged and network in self.averaged
        return getattr(self, f"ema_{network}" if averaged else network)

    def made_once(self, key: str, make: Callable[[], keras.Model]) -> keras.Model:
        """The network that `make` builds from other networks; built once, as a new one is traced.

        Args:
            key: its name among the networks that are made so.
        """
        known = vars(self._made)
        if key not in known:
            known[key] = make()
            known[key].jit_compile = self.jit_compile
        return known[key]

    def average_of(self, network: keras.Model) -> list[keras.Variable]:
        """The variables that the moving average averages; it copies the others."""
        return network.trainable_variables

    # === Its parts ===

    @property
    def step(self) -> int:
        """Finished training steps."""
        return int(ops.convert_to_numpy(self.steps_done))

    @property
    def networks(self) -> Mapping[str, keras.Model]:
        """All networks by name, including the averages."""
        names = [*self.network_names, *(f"ema_{name}" for name in self.averaged)]
        return types.MappingProxyType({name: getattr(self, name) for name in names})

    def scheduled(self, first: float, last: float) -> Any:
        """The present value, a scalar, on the recipe's curve from `first` to `last`."""
        return self.schedule.value(first, last, ops.convert_to_tensor(self.steps_done))

    def optimizer_of(self, player: str) -> keras.Optimizer:
        """The optimizer of `player`."""
        return self.optimizer.parts[player]

    def _compile(self, jit_compile, steps_per_execution):
        self.compile(
            optimizer=optimizers.Optimizers(
                {name: self._optimizer(player) for name, player in self._players.items()}
            ),
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,  # each optimizer scales its own
        )

    def _optimizer(self, player: Player) -> keras.Optimizer:
        recipe = self.recipe
        rate = optimizers.LearningRate(
            player.rate,
            self.schedule,
            player.rate * recipe.decay_to,
            steps_done=self.steps_done,  # not the optimizer's own: it may take several a step
            scale=self.learning_rate_factor,
        )
        beta_2_now = None
        if recipe.beta_2_end:
            beta_2_now = functools.partial(self.scheduled, recipe.beta_2, recipe.beta_2_end)
        optimizer = optimizers.get(recipe.optimizer, rate, recipe.beta_1, recipe.beta_2, beta_2_now)
        if self.precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(player.variables)
        return optimizer

    # === The step ===

    def fit(self, x=None, **kwargs):
        """As `keras.Model.fit`, on batches of a generator in their order; see `models.feeding`."""
        return super().fit(feeding.fed(x), **{"shuffle": False, **kwargs})

    def train_step(self, *args):
        return autodiff.run_step(self, self._step, args)

    def _step(self, data) -> Logs:
        batch = data if isinstance(data, dict) else data[0]
        logs: Logs = {}
        self.before_step()
        for name in self.network_names:
            power_iterate(getattr(self, name))
        for turn in self._turns:
            for index in range(turn.times):
                logs.update(self._take_if_due(turn, batch, index, logs))
        self._update_averages()
        replicas.assign(self.steps_done, ops.convert_to_tensor(self.steps_done) + 1)
        return logs

    def _take_if_due(self, turn: Turn, batch: Batch, index: int, before: Logs) -> Logs:
        """Take the turn and, if it was not due, restore the old values: a graph cannot skip it."""
        if turn.when is None:
            return self._take(turn, batch, index)
        player, optimizer = self._players[turn.player], self.optimizer_of(turn.player)
        written = [v for network in player.networks for v in network.variables]
        written += optimizer.variables
        old = [ops.copy(ops.convert_to_tensor(variable)) for variable in written]
        logs = self._take(turn, batch, index)
        due = turn.when(before)
        for variable, value in zip(written, old, strict=True):
            replicas.assign(variable, ops.where(due, ops.convert_to_tensor(variable), value))
        return logs

    def _take(self, turn: Turn, batch: Batch, index: int) -> Logs:
        player = self._players[turn.player]
        if index:  # one power iteration for every update; the first had its own with the rest
            for network in player.networks:
                power_iterate(network)

        def loss(part):
            with shared_kernels():
                given = keras.tree.map_structure(ops.stop_gradient, turn.given(part))

            def value():
                with shared_kernels():
                    return turn.loss(part, given)

            return value

        logs = descend(
            loss,
            turn.takes(batch, index),
            player.variables,
            self.optimizer_of(turn.player),
            self.recipe.micro_batches,
            self.state(),
        )
        turn.after()
        return logs

    def _update_averages(self) -> None:
        recipe, done = self.recipe, ops.convert_to_tensor(self.steps_done)
        in_phase = done - self.whole_recipe.phase_steps(self.phase)[0]
        before = self.whole_recipe.pictures_before(self.phase)
        pictures = before + recipe.batch_size * in_phase
        kept = averages.decay(recipe, done, pictures, ramp=not self.begins_trained)
        for name in self.averaged:
            network, average = getattr(self, name), getattr(self, f"ema_{name}")
            moves = recipe.ema_half_life or recipe.ema_decay
            averages.follow(average, network, self.average_of(network) if moves else [], kept)

    def state(self) -> list[keras.Variable]:
        """All variables that a loss may read or write, for JAX."""
        return [*self.variables, *self.optimizer.variables]
