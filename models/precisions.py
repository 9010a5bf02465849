"""The number formats of networks. This file needs no Keras until a network is built."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def check(precision: str) -> None:
    """Raise ValueError, with the known names, for an unknown precision."""
    if precision not in PRECISIONS:
        raise ValueError(f"Unknown precision {precision!r}. Known: {', '.join(PRECISIONS)}.")


@contextlib.contextmanager
def policy(precision: str) -> Iterator[None]:
    """A context in which new layers compute in `precision`; their variables stay float32."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
