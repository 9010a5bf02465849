"""The memory and time of a step, estimated from the networks' graphs."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from console.errors import UserError
from console.wording import duration, size
from layers.norm import mixes_batch
from models.fields import options
from models.frozen import FrozenLite0
from models.system import System
from training.device import Device

# A step's share of the speed of one large matrix product, and the bytes that libraries, compiled
# step and plots take beside the networks. Measured on a CPU; on a GPU set so that SAGAN_V6 at batch
# 64 needs the 3 GB that the notes report.
_EFFICIENCY = {"cpu": 0.6, "gpu": 0.2}
_RUNTIME_BYTES = {"cpu": 0.95e9, "gpu": 0.6e9}
# Bytes of the backward pass per byte of layer outputs: these, their gradients, scratch space.
# Measured: 2.0 in float32, 2.4 in mixed_bfloat16.
_KEPT = 2.2
# What a measurement of the quality takes beside: the feature network on 32 pictures of 224 px, and
# what of it stays. Measured: 0.5 to 0.9 GB.
_MEASURING_BYTES = 0.7e9


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Bytes that training takes, by purpose, and arithmetic operations of one step."""

    weights: int  # of all networks and averages
    gradients: int
    moments: int
    activations: int
    runtime: int
    flops: float
    measuring: int = 0  # of the quality, between steps

    @property
    def memory(self) -> int:
        """Bytes in all."""
        step = self.weights + self.gradients + self.moments + self.activations
        return step + self.runtime + self.measuring

    def __str__(self) -> str:
        measuring = f", quality {size(self.measuring)}" if self.measuring else ""
        return (
            f"about {size(self.memory)}: activations {size(self.activations)}, weights "
            f"{size(self.weights)}, gradients {size(self.gradients)}, optimizer "
            f"{size(self.moments)}, libraries {size(self.runtime)}{measuring}"
        )


def estimate(
    system: System, device_kind: str, devices: int = 1, measured: bool = False
) -> Estimate:
    """Estimate one training step of `system` at its recipe's batch size and micro-batches.

    `measured`: whether the quality is measured between steps. With several GPUs the estimate is for
    each of them. (Several CPU devices share one machine.)

    Activations are the outputs of all layers that are kept for the backward pass, in the turn that
    keeps most.
    """
    recipe, turns = system.recipe, system.work()
    devices = devices if device_kind == "gpu" else 1
    part = recipe.batch_size // recipe.micro_batches // devices
    networks = {name: system.sized(name) for turn in turns for name in {**turn.kept, **turn.passes}}
    kept = max(
        sum(times * _kept_bytes(networks[name]) for name, times in turn.kept.items())
        for turn in turns
    )
    flops = sum(
        turn.times * times * _flops(networks[name])
        for turn in turns
        for name, times in turn.passes.items()
    )
    return Estimate(
        weights=_bytes(system.variables),
        gradients=2 * _bytes(system.trainable_variables),  # and the normalised kernels
        moments=_bytes(system.optimizer.variables),
        activations=int(_KEPT * part * kept),
        runtime=int(_RUNTIME_BYTES[device_kind]),
        flops=recipe.batch_size * flops / devices,
        measuring=int(_MEASURING_BYTES) if measured else 0,
    )


def refuse_too_large(guess: Estimate, system: System, device: Device) -> None:
    """Raise `UserError`, with a proposal, if the estimate exceeds the free memory."""
    if device.memory is None or guess.memory <= device.memory:
        return
    recipe = system.recipe
    ways = []
    rest = guess.memory - guess.activations
    if rest < device.memory:
        fits = (device.memory - rest) / guess.activations  # the share of the activations that fits
        batch = 2 ** math.floor(math.log2(max(1.0, recipe.batch_size * fits)))
        even = (n for n in range(1, recipe.batch_size + 1) if recipe.batch_size % n == 0)
        parts = next((n for n in even if n >= recipe.micro_batches / fits), None)
        if batch < recipe.batch_size:
            ways.append(f"--batch-size {batch}")
        if parts:
            norm = any(mixes_batch(network) for network in system.networks.values())
            seeing = ["batch norm"] * norm + [*recipe.read_batches]
            of_each = f"each part by itself for {' and '.join(seeing)}"
            caution = of_each if seeing else "the same result"
            ways.append(f"--micro-batches {parts} ({caution})")
        if system.precision == "float32":
            ways.append("--precision mixed_bfloat16")
    if recipe.resolution > 32:
        height, width = (side // 2 for side in recipe.data_shape[:2])
        ways.append(f"--resolution {height if height == width else f'{width}x{height}'}")
    fields = [o.name for o in options(recipe) if o.name.endswith("filters")]
    ways.append("fewer " + " and ".join(f"--{name.replace('_', '-')}" for name in fields))
    raise UserError(
        f"too large for the memory: {guess.memory / 1e9:.1f} GB needed (estimate), "
        f"{device.memory / 1e9:.1f} GB free; try {', or '.join(ways)}, or train anyway with "
        "--memory-check off"
    )


def time_words(phases: Sequence[tuple[int, Estimate]], precision: str, device_kind: str) -> str:
    """The expected time, estimated from the speed of a matrix product on this machine.

    `phases`: the steps to go in each phase of the training, and its estimate.
    """
    steps = sum(count for count, _ in phases)
    if not steps:
        return "all steps are done"
    speed = _EFFICIENCY[device_kind] * matrix_speed(precision)
    total = sum(count * guess.flops for count, guess in phases)
    paces = sorted({f"{guess.flops / speed:.2g}" for count, guess in phases if count}, key=float)
    each = f"{paces[0]} to {paces[-1]}" if len(paces) > 1 else f"{total / steps / speed:.2g}"
    return (
        f"{steps:,} steps take about {duration(total / speed)} ({each} s a step; rough: "
        f"{total / steps / 1e9:,.0f} GFLOP a step at {speed / 1e9:,.0f} GFLOP/s)"
    )


def matrix_speed(precision: str, least_seconds: float = 0.15, side: int = 1024) -> float:
    """Operations per second of a product of square matrices in `precision` on this machine."""
    dtype = precision.removeprefix("mixed_")
    rng = np.random.Generator(np.random.Philox(0))
    values = rng.standard_normal((side, side), dtype=np.float32)
    matrix = keras.ops.cast(keras.ops.convert_to_tensor(values), dtype)

    def products(count: int) -> float:
        begin = time.perf_counter()
        for _ in range(count):
            product = keras.ops.matmul(matrix, matrix)
        float(keras.ops.cast(product[0, 0], "float32"))  # waits for all of them
        return time.perf_counter() - begin

    products(2)
    count, seconds = 4, 0.0
    while seconds < least_seconds:
        seconds = products(count)
        count *= 4
    return 2 * side**3 * (count // 4) / seconds


def _bytes(variables: list) -> int:
    return sum(math.prod(each.shape) * _itemsize(each.dtype) for each in variables)


def _itemsize(dtype: str) -> int:
    """Bytes per element, also of bfloat16, which NumPy does not know."""
    digits = "".join(character for character in str(dtype) if character.isdigit())
    return int(digits or 8) // 8


def _kept_bytes(network: keras.Model) -> int:
    """Bytes per picture of all layer outputs, and of the attention maps within their layers."""
    total = 0
    for layer in _layers(network):
        for output in keras.tree.flatten(layer.output):
            total += math.prod(output.shape[1:]) * _itemsize(output.dtype)
        total += 2 * _attention_entries(layer) * _itemsize("float32")
    return total


def _layers(network: keras.Model) -> Iterator[keras.Layer]:
    """All layers, and those of a frozen network that is one of them."""
    for layer in network.layers:
        yield layer
        if isinstance(layer, FrozenLite0):
            yield from layer.hidden.layers


def _attention_entries(layer: keras.Layer) -> int:
    """Entries of the map of every position against every other one; 0 for other layers."""
    if "attention" not in type(layer).__name__.lower():
        return 0
    return _positions(layer.output) ** 2


def _flops(network: keras.Model) -> float:
    """Operations of a forward pass per picture: two per kernel entry and position.

    A strided convolution uses its kernel once per output, a transposed one once per input: at the
    smaller of the two maps.
    """
    total = 0.0
    for layer in _layers(network):
        kernels = sum(math.prod(w.shape) for w in layer.weights if len(w.shape) > 1)
        if not kernels:
            continue  # inputs among them, which have no input themselves
        total += 2.0 * kernels * min(_positions(layer.input), _positions(layer.output))
        channels = keras.tree.flatten(layer.output)[0].shape[-1]
        total += 2.0 * _attention_entries(layer) * channels
    return total


def _positions(tensors: object) -> int:
    shape = keras.tree.flatten(tensors)[0].shape
    return math.prod(shape[1:-1]) if len(shape) == 4 else 1
