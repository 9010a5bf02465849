"""`model.json` and `README.md`: how to use an export without this project."""

from __future__ import annotations

from typing import Any

from foreign import packages
from models.recipe import Recipe
from serving.export.graph import Portable

_LOAD = {
    "keras": """\
import os
os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # or jax, torch
from models.files import load  # found where PYTHONPATH names the project's folder
{imports}

network, _ = load("{folder}/{stem}.keras")""",
    "saved_model": """\
import tensorflow as tf
{imports}

loaded = tf.saved_model.load("{folder}")
run = loaded.signatures["serving_default"]  # uint8; "float_images": float32 from -1 to 1""",
    "onnx": """\
import onnxruntime
{imports}

session = onnxruntime.InferenceSession("{folder}/{stem}.onnx")""",
    "litert": """\
{imports}
try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # older TensorFlow has it inside
    import tensorflow as tf
    Interpreter = tf.lite.Interpreter

run = Interpreter("{folder}/{stem}.tflite").get_signature_runner("serving_default")""",
}
_TRAIN_ON = """
`discriminator.keras` is what it was trained against. `train.py RECIPE --from
{folder}/generator.keras` trains both on, with other pictures. {recipe}
"""
_IMPORTS = "import numpy as np\nfrom PIL import Image"
_TO_PIXELS = 'images = ((images + 1) * 127.5).round().clip(0, 255).astype("uint8")'
_KINDS = {1: "grey", 3: "RGB", 4: "RGBA (colours not multiplied by the opacity)"}
_PACKAGES = ("keras", "tensorflow", "tf2onnx", "onnxruntime")
NEEDS = {
    "keras": "this project, its requirements, and `PYTHONPATH=FOLDER`, the project's folder",
    "saved_model": "pip install tensorflow pillow",
    "onnx": "pip install onnxruntime pillow",
    "litert": "pip install ai-edge-litert pillow",
}


def card(portable: Portable, form: str, error: float) -> dict[str, Any]:
    """The content of `model.json`: inputs and outputs with ranges, labels, recipe, passport."""
    subject, known = portable.subject, portable.subject.metadata
    channels = subject.recipe.data_shape[-1]
    shape = f"(N, {portable.describe.size_of(subject, form)}, {channels})"
    outputs = {"images": f"float32 {shape}, {_KINDS[channels]} from -1 to 1"}
    if form == "saved_model":
        outputs["images in serving_default"] = f"uint8 {shape}"
    return {
        "format": form,
        "inputs": portable.describe.inputs_of(subject, form),
        "outputs": outputs,
        "recipe": subject.recipe.to_dict(),
        "passport": {
            **{name: value for name, value in known.items() if name not in ("recipe", "labels")},
            portable.stem: subject.origin.name,
            "largest_error": error,
            "versions": packages.versions(*_PACKAGES),
        },
    }


def readme(
    portable: Portable, form: str, folder: str, error: float, discriminator: bool = False
) -> str:
    """`README.md`, with a snippet that runs unchanged in the parent of `folder`.

    A Keras network needs this project's layers, so there `PYTHONPATH` must name its folder.
    `discriminator`: whether one lies beside the generator.
    """
    subject = portable.subject
    before, after = portable.describe.notes_of(subject)
    height, width = portable.describe.size_of(subject, form).split(", ")
    kind = _KINDS[subject.recipe.data_shape[-1]]
    return f"""\
# {subject.recipe.name} {portable.stem}, {width} × {height} px{"" if kind == "RGB" else f", {kind}"}

Needs: {NEEDS[form]}. Largest difference from the Keras {portable.stem} when exported: {error:.1e}
(pictures go from -1 to 1). `model.json` describes the inputs and outputs.
{before}
Run this in the folder that holds `{folder}`:

```python
{snippet(portable, form, folder)}
```

{after}{_train_on(subject.recipe, folder) if discriminator else ""}"""


def _train_on(recipe: Recipe, folder: str) -> str:
    """How a training goes on with the networks, which only a recipe of their shapes can."""
    return _TRAIN_ON.format(
        folder=folder,
        recipe=f'RECIPE is {recipe.name} with the fields that `model.json` names under "recipe".',
    )


def snippet(portable: Portable, form: str, folder: str) -> str:
    """Python that makes pictures with the export and saves them side by side."""
    lines = [
        _LOAD[form].format(folder=folder, stem=portable.stem, imports=_IMPORTS),
        "",
        *portable.describe.lines_of(portable.subject, form, folder),
    ]
    if form != "saved_model":
        lines.append(_TO_PIXELS)
    rows = "images[..., 0]" if portable.subject.recipe.data_shape[-1] == 1 else "images"
    lines.append(f'Image.fromarray(np.concatenate(list({rows}), axis=1)).save("pictures.png")')
    return "\n".join(lines)
