"""The texts about a translator in `model.json` and `README.md`: input, and Python that runs it."""

from __future__ import annotations

from typing import Any

from serving.translator import Translator

_READ = """\
picture = Image.open("picture.png").convert("RGB").resize(({size}, {size}))
pictures = np.asarray(picture)[None]"""
_TO_FLOATS = 'pictures = pictures.astype("float32") / 127.5 - 1'
_RUN = {
    "keras": "images = network.predict(pictures)",
    "saved_model": 'images = run(pictures=tf.constant(pictures))["images"].numpy()',
    "onnx": 'images = session.run(["images"], {"pictures": pictures})[0]',
    "litert": 'images = run(pictures=pictures)["images"]',
}


def inputs_of(translator: Translator, form: str) -> dict[str, Any]:
    """The input by name: its type, shape, and what its values mean."""
    size = translator.resolution
    found: dict[str, Any] = {
        "pictures": {
            "dtype": "float32",
            "shape": ["N", size, size, 3],
            "range": "-1 to 1",
            "meaning": "RGB, squares resized to the network's size",
        }
    }
    if form == "saved_model":
        found["pictures in serving_default"] = {"dtype": "uint8", "shape": ["N", size, size, 3]}
    return found


def notes_of(translator: Translator) -> tuple[str, str]:
    """What the README says before and after its Python."""
    does = f"It does this: {translator.verb}"
    does += f", {translator.title}.\n" if translator.title else ".\n"
    return does, "`picture.png` is a square picture; another shape would be squeezed.\n"


def lines_of(translator: Translator, form: str) -> list[str]:
    """Python that turns `picture.png` into `images` with the export that was loaded before."""
    lines = [_READ.format(size=translator.resolution)]
    if form != "saved_model":  # whose default signature takes bytes
        lines.append(_TO_FLOATS)
    return [*lines, _RUN[form]]
