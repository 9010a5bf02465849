"""The texts about a network that ages faces in `model.json` and `README.md`: inputs, Python."""

from __future__ import annotations

from typing import Any

from serving.ager import Ager
from serving.export import translator_card

size_of = translator_card.size_of

_RUN = {
    "keras": "images = network.predict([{values}])",
    "saved_model": """\
inputs = {{name: tf.constant(value) for name, value in {named}.items()}}
images = run(**inputs)["images"].numpy()""",
    "onnx": 'images = session.run(["images"], {named})[0]',
    "litert": 'images = run(**{named})["images"]',
}


def inputs_of(ager: Ager, form: str) -> dict[str, Any]:
    """The inputs by name: type, shape, and what their values mean."""
    found = translator_card.inputs_of(ager, form)
    for each, (group, members) in zip(ager.network.inputs[1:], ager.groups.items(), strict=True):
        found[each.name] = {
            "dtype": "int32",
            "shape": ["N"],
            "meaning": f"the {group} to show: index into names",
            "names": list(members),
        }
    return found


def notes_of(ager: Ager) -> tuple[str, str]:
    """The README's texts before and after its Python."""
    told = ", ".join(f"{name} ({', '.join(members)})" for name, members in ager.groups.items())
    before, after = translator_card.notes_of(ager)
    return f"{before}It takes pictures and {told}; classes are counted from 0.\n", after


def lines_of(ager: Ager, form: str, folder: str) -> list[str]:
    """Python that turns `picture.png` into `images`, at every age, with the loaded export."""
    *reading, _ = translator_card.lines_of(ager, form, folder)
    count = len(ager.ages)
    names = [each.name for each in ager.network.inputs[1:]]
    lines = [*reading, f"pictures = np.repeat(pictures, {count}, axis=0)"]
    lines.append(f'{names[0]} = np.arange({count}, dtype="int32")  # {ager.ages[0]}, …')
    for name, (group, members) in zip(names[1:], list(ager.groups.items())[1:], strict=True):
        lines.append(f'{name} = np.full({count}, 0, "int32")  # {group}: {members[0]}')
    values = ["pictures", *names]
    named = "{" + ", ".join(f'"{name}": {name}' for name in values) + "}"
    return [*lines, _RUN[form].format(values=", ".join(values), named=named)]
