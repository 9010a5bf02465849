"""The texts about a generator in `model.json` and `README.md`: inputs, and Python that uses it."""

from __future__ import annotations

from typing import Any

from serving.export import text_card
from serving.generator import Generator
from serving.style_generator import StyleGenerator
from serving.texts import TextSet

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
_RUN = {
    "keras": "images = network.predict([latents * truncation, {labels_or_zeros}])",
    "saved_model": """\
inputs = {inputs}
inputs = {{name: tf.constant(value) for name, value in inputs.items()}}
images = run(**inputs)["images"].numpy()""",
    "onnx": 'inputs = {inputs}\nimages = session.run(["images"], inputs)[0]',
    "litert": 'inputs = {inputs}\nimages = run(**inputs)["images"]',
}


def label_input(generator: Generator) -> str:
    """The name of the input after the latents."""
    return "text" if isinstance(generator.labels, TextSet) else "labels"


def size_of(generator: Generator, form: str) -> str:
    """Height and width of its pictures."""
    height, width, _ = generator.recipe.data_shape
    return f"{height}, {width}"


def inputs_of(generator: Generator, form: str) -> dict[str, Any]:
    """Each input by name: its type, shape, and what its values mean."""
    recipe, labels = generator.recipe, generator.labels
    inputs: dict[str, Any] = {
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
            "meaning": _meaning_of_truncation(generator),
        },
    }
    if isinstance(labels, TextSet):
        inputs["text"] = text_card.input_of(labels)
    elif labels is not None:
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
    return inputs


def _meaning_of_truncation(generator: Generator) -> str:
    if isinstance(generator, StyleGenerator):
        first, layers = generator.recipe.truncated_layers, generator.layers
        which = f"the first {first}" if first < layers else f"all {layers}"
        return f"ψ: the styles of {which} layers are drawn towards their average by it"
    scaled = "latents are multiplied by it"
    if generator.recipe.latent == "normal":
        scaled += " (generate.py draws normal latents again if they are beyond twice it, so below "
        scaled += "1 its pictures are others)"
    if generator.stands_below_one:
        scaled += "; batch norm keeps the statistics of training, as generate.py does below 1 only "
        scaled += "with --statistics running"
    return scaled


def notes_of(generator: Generator) -> tuple[str, str]:
    """The README's texts before and after its Python."""
    before = ""
    if isinstance(generator.labels, TextSet):
        before = text_card.before(generator.labels)
    elif generator.labels is not None:
        before = f"It takes {len(generator.labels.names)} {generator.labels.kind}; "
        before += "`model.json` lists their names in order.\n"
    latent = generator.recipe.latent
    after = (
        f"Latents: {_LATENTS.get(latent, latent)}.\n"
        f"`truncation`, above 0 and at most 1: {_meaning_of_truncation(generator)}; smaller values "
        "give more typical, less varied pictures.\n"
    )
    return before, after


def lines_of(generator: Generator, form: str, folder: str) -> list[str]:
    """Python that draws 16 pictures, `images`, with the export loaded from `folder`."""
    recipe, labels = generator.recipe, generator.labels
    inputs = ['"latents": latents', '"truncation": truncation']
    lines = [
        "rng = np.random.default_rng(0)",
        _DRAW.get(recipe.latent, _DRAW["normal"]).format(dim=recipe.latent_dim),
        'truncation = np.array(0.7, "float32")',
    ]
    name = label_input(generator)
    if labels is not None:
        inputs.insert(1, f'"{name}": {name}')
        text = isinstance(labels, TextSet)
        lines += text_card.lines_of(labels, folder) if text else _labels_lines(labels)
    if form == "keras" and isinstance(generator, StyleGenerator):
        return [
            *lines,
            'network.get_layer("styles").psi.assign(truncation)',
            'images = network.predict([latents, np.zeros(16, "int32")])',
        ]
    run = _RUN[form].format(
        inputs="{" + ", ".join(inputs) + "}",
        labels_or_zeros=name if labels is not None else 'np.zeros(16, "int32")',
    )
    return [*lines, run]


def _labels_lines(labels) -> list[str]:
    if labels.kind == "classes":
        return [f'labels = np.full(16, 0, "int32")  # 0: {labels.names[0]}']
    shown = [next(iter(members)) for members in labels.groups.values()] or [labels.names[0]]
    lines = [f'labels = np.zeros((16, {len(labels.names)}), "float32")']
    for name in shown:
        lines.append(f"labels[:, {labels.names.index(name)}] = 1  # {name}")
    return lines
