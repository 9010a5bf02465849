"""The texts about a network on pictures in `model.json` and `README.md`: input, use in Python."""

from __future__ import annotations

from typing import Any

from serving.kinds import OnPictures

LITERT_SIDE = 64  # height and width in LiteRT of what elsewhere may be of any size
_READ = """\
picture = Image.open("picture.png").convert("RGB"){resized}
pictures = np.asarray(picture)[None]"""
_TO_FLOATS = 'pictures = pictures.astype("float32") / 127.5 - 1'
_RUN = {
    "keras": "images = network.predict(pictures)",
    "saved_model": 'images = run(pictures=tf.constant(pictures))["images"].numpy()',
    "onnx": 'images = session.run(["images"], {"pictures": pictures})[0]',
    "litert": 'images = run(pictures=pictures)["images"]',
}


def size_of(network: OnPictures, form: str) -> str:
    """Height and width of the pictures that it gives."""
    scale = getattr(network, "scale", 1)
    side = _side(network, form)
    return f"{scale} h, {scale} w" if side is None else f"{scale * side}, {scale * side}"


def inputs_of(network: OnPictures, form: str) -> dict[str, Any]:
    """The input by name: its type, shape, and what its values mean."""
    side = _side(network, form)
    shape = ["N", "h", "w", 3] if side is None else ["N", side, side, 3]
    means = "RGB of any size" if side is None else "RGB, squares resized to the network's size"
    found: dict[str, Any] = {
        "pictures": {"dtype": "float32", "shape": shape, "range": "-1 to 1", "meaning": means}
    }
    if form == "saved_model":
        found["pictures in serving_default"] = {"dtype": "uint8", "shape": shape}
    return found


def notes_of(network: OnPictures) -> tuple[str, str]:
    """What the README says before and after its Python."""
    does = f"It does this: {network.verb}"
    does += f", {network.title}.\n" if network.title else ".\n"
    if network.resolution is None:
        return does, "Cut large pictures into tiles that overlap, or memory runs out.\n"
    return does, "`picture.png` is a square picture; another shape would be squeezed.\n"


def lines_of(network: OnPictures, form: str, folder: str) -> list[str]:
    """Python that turns `picture.png` into `images` with the export that was loaded before."""
    side = _side(network, form)
    lines = [_READ.format(resized="" if side is None else f".resize(({side}, {side}))")]
    if form != "saved_model":  # whose default signature takes bytes
        lines.append(_TO_FLOATS)
    return [*lines, _RUN[form]]


def _side(network: OnPictures, form: str) -> int | None:
    """Height and width of the input; None: any."""
    return network.resolution or (LITERT_SIDE if form == "litert" else None)
