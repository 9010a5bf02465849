"""Running a network on given latents or given pictures, a batch at a time."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from models.pixels import as_floats


def generate(generator: keras.Model, latents, labels=None, batch_size: int = 64) -> np.ndarray:
    """Run a generator over `latents`, some at a time: float32 (N, R, R, 3) in [-1, 1].

    Raises:
        ValueError: wrong shapes, or labels that do not fit the network.
    """
    latents = np.asarray(latents, "float32")
    z, y = generator.inputs
    if latents.ndim != 2 or latents.shape[1] != z.shape[1]:
        raise ValueError(f"latents must be (N, {z.shape[1]}), not {latents.shape}.")
    if labels is None and len(y.shape) == 2:
        raise ValueError(f"This generator needs labels, (N, {y.shape[1]}).")
    labels = np.zeros(len(latents), "int32") if labels is None else np.asarray(labels)
    if labels.shape != (len(latents), *y.shape[1:]):
        raise ValueError(
            f"labels must be {('N', *y.shape[1:])} for {len(latents)} latents, not {labels.shape}."
        )
    return np.concatenate(list(_made(generator, [latents, labels], batch_size)))


def translate(network: keras.Model, pictures, batch_size: int = 64) -> np.ndarray:
    """Run a network over pictures (N, H, W, 3), some at a time: float32 pictures.

    Args:
        pictures: uint8, or float in [-1, 1] like the results.

    Raises:
        ValueError: no pictures, or pictures of another size than the network's.
    """
    pictures = np.asarray(pictures)
    _refuse_other_sizes(network, pictures)
    return _run(network, [pictures], batch_size)


def relabel(
    network: keras.Model, pictures, labels: Sequence[np.ndarray], batch_size: int = 64
) -> np.ndarray:
    """Run a network over pictures and class indices, such as an age: float32 pictures.

    Args:
        pictures: as in `translate`.
        labels: int (N,) for each further input of the network.

    Raises:
        ValueError: pictures of another size, too many or too few labels.
    """
    shapes = [np.shape(each) for each in labels]
    if shapes != [(len(pictures),)] * (len(network.inputs) - 1):
        names = ", ".join(each.name for each in network.inputs[1:])
        raise ValueError(f"{len(pictures)} pictures need as many of {names}, not {shapes}.")
    _refuse_other_sizes(network, np.asarray(pictures))
    classes = [np.asarray(each, "int32") for each in labels]
    return _run(network, [np.asarray(pictures), *classes], batch_size)


def _refuse_other_sizes(network: keras.Model, pictures: np.ndarray) -> None:
    wanted = network.inputs[0].shape[1:]
    fits = len(pictures.shape) == 4 and all(
        side in (None, there) for side, there in zip(wanted, pictures.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(f"pictures must be {('N', *wanted)}, not {pictures.shape}.")


def _run(network: keras.Model, inputs: list[np.ndarray], batch_size: int) -> np.ndarray:
    made = list(_made(network, inputs, batch_size))
    return np.concatenate(made) if made else np.zeros(inputs[0].shape, "float32")


def _made(network: keras.Model, inputs: list[np.ndarray], batch_size: int) -> Iterator[np.ndarray]:
    """What the network makes of its inputs (N, …), a batch at a time: float32."""
    for start in range(0, len(inputs[0]), batch_size):
        part = [each[start : start + batch_size] for each in inputs]
        part[0] = as_floats(part[0])
        count = len(part[0])
        missing = batch_size - count
        if missing and start:  # one shape only, so that it is compiled once
            part = [np.concatenate([p, np.repeat(p[-1:], missing, axis=0)]) for p in part]
        outputs = network.predict_on_batch(part if len(part) > 1 else part[0])
        # All replicas make the same pictures, so the first one's are enough.
        yield np.asarray(outputs[:count], "float32")
