"""`model.json` and `README.md`: how to use an export without this project."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from serving.generator import Generator

IMAGES = "float32 (N, {size}, {size}, 3), RGB from -1 to 1"
_LATENTS = {
    "truncated_normal": "normal numbers of standard deviation 0.5, drawn again if beyond ±1",
    "normal": "normal numbers of standard deviation 1",
    "uniform": "uniform numbers from -1 to 1",
    "binomial": "0 or 1, each half of the time",
}
_DRAW = {
    "truncated_normal": """\
latents = rng.normal(0, 0.5, (16, {dim}))
while (outside := abs(latents) > 1).any():
    latents[outside] = rng.normal(0, 0.5, outside.sum())
latents = latents.astype("float32")""",
    "normal": 'latents = rng.normal(0, 1, (16, {dim})).astype("float32")',
    "uniform": 'latents = rng.uniform(-1, 1, (16, {dim})).astype("float32")',
    "binomial": 'latents = rng.integers(0, 2, (16, {dim})).astype("float32")',
}
_LOAD = {
    "keras": """\
import os
os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # or jax, torch
from models.files import load_generator  # run this in the project's folder
{imports}

network, _ = load_generator("{folder}/generator.keras")""",
    "saved_model": """\
import tensorflow as tf
{imports}

loaded = tf.saved_model.load("{folder}")
generate = loaded.signatures["serving_default"]  # uint8; "float_images": float32 from -1 to 1""",
    "onnx": """\
import onnxruntime
{imports}

session = onnxruntime.InferenceSession("{folder}/generator.onnx")""",
    "litert": """\
{imports}
try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # older TensorFlow has it inside
    import tensorflow as tf
    Interpreter = tf.lite.Interpreter

generate = Interpreter("{folder}/generator.tflite").get_signature_runner("serving_default")""",
}
_RUN = {
    "keras": "images = network.predict([latents * truncation, {labels_or_zeros}])",
    "saved_model": """\
inputs = {inputs}
inputs = {{name: tf.constant(value) for name, value in inputs.items()}}
images = generate(**inputs)["images"].numpy()""",
    "onnx": 'inputs = {inputs}\nimages = session.run(["images"], inputs)[0]',
    "litert": 'inputs = {inputs}\nimages = generate(**inputs)["images"]',
}
_IMPORTS = "import numpy as np\nfrom PIL import Image"
_TO_PIXELS = 'images = ((images + 1) * 127.5).round().clip(0, 255).astype("uint8")'
NEEDS = {
    "keras": "this project and its requirements",
    "saved_model": "pip install tensorflow pillow",
    "onnx": "pip install onnxruntime pillow",
    "litert": "pip install ai-edge-litert pillow",
}


def card(generator: Generator, form: str, error: float) -> dict[str, Any]:
    """The content of `model.json`: inputs and outputs with ranges, labels, recipe, passport."""
    recipe, labels, known = generator.recipe, generator.labels, generator.metadata
    inputs = {
        "latents": {
            "dtype": "float32",
            "shape": ["N", recipe.latent_dim],
            "distribution": recipe.latent,
            "meaning": _LATENTS.get(recipe.latent, recipe.latent),
        },
        "truncation": {
            "dtype": "float32",
            "shape": [],
            "range": "above 0, at most 1",
            "meaning": "latents are multiplied by it",
        },
    }
    if labels is not None:
        classes = labels.kind == "classes"
        inputs["labels"] = {
            "dtype": "int32" if classes else "float32",
            "shape": ["N"] if classes else ["N", len(labels.names)],
            "meaning": "index into names" if classes else "1 where the attribute is on, else 0",
            "names": list(labels.names),
            "groups": {name: list(members) for name, members in labels.groups.items()},
        }
    if form == "keras":
        del inputs["truncation"]  # Keras's generator takes only [latents, labels]
    size = recipe.resolution
    return {
        "format": form,
        "inputs": inputs,
        "outputs": {"images": IMAGES.format(size=size)}
        | ({"images in serving_default": f"uint8 (N, {size}, {size}, 3)"}
           if form == "saved_model" else {}),
        "recipe": recipe.to_dict(),
        "passport": {
            **{name: value for name, value in known.items() if name not in ("recipe", "labels")},
            "generator": generator.origin.name,
            "largest_error": error,
            "versions": _versions(),
        },
    }  # fmt: skip


def readme(generator: Generator, form: str, folder: str, error: float) -> str:
    """`README.md`, with a snippet that runs unchanged in the parent of `folder`."""
    recipe = generator.recipe
    conditions = ""
    if generator.labels is not None:
        conditions = f"It takes {len(generator.labels.names)} {generator.labels.kind}; "
        conditions += "`model.json` lists their names in order.\n"
    return f"""\
# {recipe.name} generator, {recipe.resolution} × {recipe.resolution} px

Needs: {NEEDS[form]}. Largest difference from the Keras generator when exported: {error:.1e}
(pictures go from -1 to 1). `model.json` describes the inputs and outputs.
{conditions}
```python
{snippet(generator, form, folder)}
```

Latents: {_LATENTS.get(recipe.latent, recipe.latent)}.
`truncation`, above 0 and at most 1, scales them: smaller values give more typical, less varied
pictures.
"""


def snippet(generator: Generator, form: str, folder: str) -> str:
    """Python that draws 16 pictures with the export and saves them side by side."""
    recipe, labels = generator.recipe, generator.labels
    inputs = ['"latents": latents', '"truncation": truncation']
    lines = [
        _LOAD[form].format(folder=folder, imports=_IMPORTS),
        "",
        "rng = np.random.default_rng(0)",
        _DRAW.get(recipe.latent, _DRAW["normal"]).format(dim=recipe.latent_dim),
        'truncation = np.array(0.7, "float32")',
    ]
    if labels is not None:
        inputs.insert(1, '"labels": labels')
        lines += _labels_lines(labels)
    run = _RUN[form].format(
        inputs="{" + ", ".join(inputs) + "}",
        labels_or_zeros="labels" if labels is not None else 'np.zeros(16, "int32")',
    )
    lines.append(run)
    if form != "saved_model":
        lines.append(_TO_PIXELS)
    lines.append('Image.fromarray(np.concatenate(list(images), axis=1)).save("pictures.png")')
    return "\n".join(lines)


def _labels_lines(labels) -> list[str]:
    if labels.kind == "classes":
        return [f'labels = np.full(16, 0, "int32")  # 0: {labels.names[0]}']
    shown = [next(iter(members)) for members in labels.groups.values()] or [labels.names[0]]
    lines = [f'labels = np.zeros((16, {len(labels.names)}), "float32")']
    for name in shown:
        lines.append(f"labels[:, {labels.names.index(name)}] = 1  # {name}")
    return lines


def _versions() -> dict[str, str]:
    found = {}
    for name in ("keras", "tensorflow", "tf2onnx", "onnxruntime"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
