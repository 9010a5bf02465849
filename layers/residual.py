"""The residual connection (He et al. 2016): every block of BigGAN and SResNetGAN has one."""

from collections.abc import Callable, Sequence

import keras

Step = Callable[[keras.KerasTensor], keras.KerasTensor]


def residual(
    x: keras.KerasTensor, main: Sequence[Step], skip: Sequence[Step] = (), name: str | None = None
) -> keras.KerasTensor:
    """main(x) + skip(x), with two chains of layers or functions; without `skip`, main(x) + x.

    x (N, H, W, C) → (N, H', W', C'). The layers stay visible in the functional model around them.

    Raises:
        ValueError: the two chains end in different shapes.
    """
    outputs, shortcut = _chain(x, main), _chain(x, skip)
    if outputs.shape != shortcut.shape:
        raise ValueError(
            f"Block {name}: the main path gives {outputs.shape}, the skip path {shortcut.shape}."
        )
    return keras.layers.Add(name=name)([outputs, shortcut])


def _chain(x, steps):
    for step in steps:
        x = step(x)
    return x
