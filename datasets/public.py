"""Public sets that the user's Keras downloads. Keras is imported only when one is asked for."""

from collections.abc import Callable

import numpy as np

from datasets.errors import DataError

_CLASSES = {
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer",
                "dog", "frog", "horse", "ship", "truck"),
    "mnist": tuple("0123456789"),
    "fashion_mnist": ("T-shirt/top", "trouser", "pullover", "dress", "coat",
                      "sandal", "shirt", "sneaker", "bag", "ankle boot"),
}  # fmt: skip


def _loader(name: str) -> Callable[[], tuple[np.ndarray, np.ndarray, tuple[str, ...]]]:
    def load() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        """The training part: images uint8 (N, H, W[, 3]), class indices (N,), class names."""
        import keras

        try:
            (images, classes), _ = getattr(keras.datasets, name).load_data()
        except Exception as error:  # Keras raises a bare Exception when a download fails
            reason = " ".join(str(error).split())[:120]
            raise DataError(
                f"Keras could not load {name!r} ({reason}). It is downloaded once, so this needs "
                "a network; without one use --data faces or a folder of pictures."
            ) from None
        return images, np.ravel(classes), _CLASSES[name]

    return load


PUBLIC = {name: _loader(name) for name in _CLASSES}
