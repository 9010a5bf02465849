"""Networks of Keras from elsewhere: refused in one line before they take memory or run code.

Keras builds what a file describes, and reads the weights afterwards. So a short file can ask for a
layer of a billion units. Here a description is checked first: how deep, how many layers, which
classes. While Keras builds, no variable is made beyond the numbers that the file of weights holds.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foreign import archives, bounds
from foreign.numbers import shown
from foreign.records import Unreadable, parse_json

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# Layers of Keras that carry code, or name files or other programs.
_CODE = {
    "Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer",
    "__typespec__",
}  # fmt: skip


def check(path: Path) -> int:
    """How many numbers the weights of a `.keras` file hold.

    Raises `Unreadable` unless it is whole and describes a network of permitted size and classes.
    """
    with archives.opened(path, ".keras file") as archive:
        config = archive.read(_CONFIG, bounds.SMALL_RECORD)
        weights = archive.read(_WEIGHTS)  # all members together have a bound
    _check_config(parse_json(config, f"{_CONFIG} in {path}"), path)
    return archives.check_weights(io.BytesIO(weights), f"{_WEIGHTS} in {path}", len(weights))


def load(path: Path) -> Any:
    """The `keras.Model` in a `.keras` file. Raises `Unreadable` in one line."""
    import keras

    most = check(path)
    try:
        with no_larger_than(most, path):
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Unreadable:
        raise
    except Exception as error:  # Keras raises many kinds of errors; all mean the same to a user
        first = " ".join(str(error).strip().split("\n")[0].split()) or type(error).__name__
        raise _refusal(path, first) from error
    if isinstance(model, keras.Model):
        _check_sizes(model, path)
    return model


@contextlib.contextmanager
def no_larger_than(numbers: int, path: Path) -> Iterator[None]:
    """Refuse layers of more than the `numbers` in `path`, before their variables are made.

    A few more are permitted: some layers count what they draw. Raises `Unreadable`.
    """
    import keras

    made, refusal = 0, None
    plain = keras.layers.Layer.add_weight

    @functools.wraps(plain)
    def add_weight(layer: Any, shape: Any = None, *more: Any, **named: Any) -> Any:
        nonlocal made, refusal
        made += math.prod(shape if isinstance(shape, list | tuple) else [shape or 1])
        if made > numbers + bounds.SPARE_NUMBERS:
            refusal = _refusal(
                path,
                f"it describes a network of {made:,} numbers or more, and its weights hold "
                f"{numbers:,}",
            )
            raise refusal
        return plain(layer, shape, *more, **named)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    except Exception as error:  # Keras puts some errors into others
        raise (refusal or error) from None
    finally:
        keras.layers.Layer.add_weight = plain


def _refusal(path: Path, why: str) -> Unreadable:
    return Unreadable(f"{path} cannot be loaded: {why}")


def _check_config(config: Any, path: Path) -> None:
    """Look at all of a description, without recursion."""
    waiting, layers = [(config, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        if depth > bounds.DEPTH:
            raise _refusal(path, "its description is nested too deeply")
        if isinstance(value, dict):
            if "class_name" in value:
                _check_class(value, path)
            layers += "inbound_nodes" in value or "build_config" in value
            if layers > bounds.LAYERS:
                raise _refusal(path, f"it describes more than {bounds.LAYERS:,} layers")
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]


def _check_class(value: dict[str, Any], path: Path) -> None:
    name, module, registered = (
        value.get(key) for key in ("class_name", "module", "registered_name")
    )
    if not all(isinstance(each, str | None) for each in (name, module, registered)):
        raise _refusal(path, "it names a class by something else than a text")
    if name in _CODE or registered in _CODE:
        raise _refusal(path, f"it holds code or names a program, in a {name}")
    if _known(registered) or _known(name):
        return
    if module is not None and module.split(".")[0] not in ("keras", "builtins"):
        wanted = shown(registered or name)
        raise _refusal(path, f"it needs {wanted}, which is neither of Keras nor of this project")


def _known(name: str | None) -> bool:
    import keras

    return name is not None and keras.saving.get_registered_object(name) is not None


def _check_sizes(model: Any, path: Path) -> None:
    """Refuse a network that makes more numbers of one picture than any memory holds."""
    import keras

    for operation in getattr(model, "operations", model.layers):
        if isinstance(operation, keras.Model):
            _check_sizes(operation, path)
        for tensor in _tensors(operation):
            size = math.prod(each or 1 for each in tensor.shape[1:])
            if size > bounds.TENSOR:
                raise _refusal(
                    path,
                    f"its layer {shown(operation.name)} gives {size:,} numbers for one picture, "
                    f"and {bounds.TENSOR:,} are the most",
                )


def _tensors(operation: Any) -> list[Any]:
    with contextlib.suppress(AttributeError, ValueError):
        found = operation.output
        return list(found) if isinstance(found, list | tuple) else [found]
    return []
