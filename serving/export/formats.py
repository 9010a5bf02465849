"""Writing each format, and reading it back for the check. A format is `write` and `read`."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from console.backend import held_back_stderr
from models import files
from serving.export import packages
from serving.export.graph import Portable

Runner = Callable[[dict[str, np.ndarray]], np.ndarray]  # named inputs → float images

OPSET = 17


class Form(NamedTuple):
    """`write(portable, folder)` makes the files; `read(folder, kind)` runs them.

    `kind` is the class of the portable that was written.
    """

    write: Callable[[Portable, Path], None]
    read: Callable[[Path, type[Portable]], Runner]


def _write_keras(portable: Portable, folder: Path) -> None:
    subject = portable.subject
    files.save(subject.network, folder / f"{portable.stem}.keras", subject.metadata)


def _write_half(portable: Portable, folder: Path) -> None:
    subject, path = portable.subject, folder / f"{portable.stem}.keras"
    files.save(subject.network, path, subject.metadata, half=True)


def _read_keras(folder: Path, kind: type[Portable]) -> Runner:
    network, _ = files.load(folder / f"{kind.stem}.keras")
    network.jit_compile = False
    return lambda inputs: kind.predict(network, inputs)


def _write_saved_model(portable: Portable, folder: Path) -> None:
    with _quiet():
        portable.save(folder)


def _read_saved_model(folder: Path, kind: type[Portable]) -> Runner:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))  # keeps its variables alive while `run` lives
    signature = loaded.signatures["float_images"]

    def run(inputs, _keep=loaded):
        return signature(**{name: tf.constant(value) for name, value in inputs.items()})[
            "images"
        ].numpy()

    return run


def _write_onnx(portable: Portable, folder: Path) -> None:
    try:
        import tf2onnx
    except ImportError as error:
        raise packages.missing("onnx") from error
    with _quiet():
        tf2onnx.convert.from_function(
            portable.float_images,
            input_signature=tuple(portable.specs.values()),
            opset=OPSET,
            output_path=str(folder / f"{portable.stem}.onnx"),
        )


def _read_onnx(folder: Path, kind: type[Portable]) -> Runner:
    try:
        import onnxruntime
    except ImportError as error:
        raise packages.missing("onnx") from error
    session = onnxruntime.InferenceSession(
        str(folder / f"{kind.stem}.onnx"), providers=["CPUExecutionProvider"]
    )
    return lambda inputs: session.run(["images"], inputs)[0]


def _write_litert(portable: Portable, folder: Path) -> None:
    import tensorflow as tf

    with tempfile.TemporaryDirectory(dir=folder) as temporary, _quiet():
        constant = portable.with_constants()
        tf.saved_model.save(constant, temporary, signatures=constant.float_images)
        converter = tf.lite.TFLiteConverter.from_saved_model(temporary)
        (folder / f"{portable.stem}.tflite").write_bytes(converter.convert())


def _read_litert(folder: Path, kind: type[Portable]) -> Runner:
    with _quiet():
        interpreter = _litert_interpreter()(model_path=str(folder / f"{kind.stem}.tflite"))
    signature = interpreter.get_signature_runner("serving_default")

    def run(inputs):
        with held_back_stderr():  # the first call announces its kernels
            return signature(**inputs)["images"]

    return run


def _litert_interpreter() -> type:
    """LiteRT's own interpreter, or the one inside older releases of TensorFlow."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        if not hasattr(tf.lite, "Interpreter"):
            raise packages.missing("litert") from None
        return tf.lite.Interpreter
    return Interpreter


FORMS = {
    "keras": Form(_write_keras, _read_keras),
    "saved_model": Form(_write_saved_model, _read_saved_model),
    "onnx": Form(_write_onnx, _read_onnx),
    "litert": Form(_write_litert, _read_litert),
}
HALF = Form(_write_half, _read_keras)  # "keras" with weights in half precision


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the converters' output, also from C++; exceptions are still raised."""
    kept = os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1), os.dup2(nothing, 2)
        yield
    finally:
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(nothing)
