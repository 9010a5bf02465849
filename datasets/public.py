"""Public sets that the user's Keras downloads, and handwritten digits that scikit-learn brings.

Either is imported only when one of its sets is asked for.
"""

from collections.abc import Callable

import numpy as np

from datasets.errors import DataError
from foreign.records import one_line

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
            raise DataError(
                f"Keras could not load {name!r} ({one_line(error)}). It is downloaded once, so "
                "this needs a network; without one use --data faces or a folder of pictures."
            ) from None
        return images, np.ravel(classes), _CLASSES[name]

    return load


def _digits() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """1 797 handwritten digits of 8×8 pixels with 17 grey levels (Alpaydin and Kaynak 1998)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError("--data digits comes with scikit-learn: pip install scikit-learn") from None
    found = load_digits()
    images = np.rint(np.asarray(found.images) * (255 / 16)).astype(np.uint8)
    return images, np.asarray(found.target), _CLASSES["mnist"]


PUBLIC = {name: _loader(name) for name in _CLASSES} | {"digits": _digits}
