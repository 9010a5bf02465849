"""`.keras` files with weights in half precision."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np

from foreign.files import replaced

_WEIGHTS, _COMPRESSED = "model.weights.h5", zipfile.ZIP_DEFLATED
LEAST = 4096  # numbers of an array that is halved
_LARGEST = float(np.finfo(np.float16).max)


def rewrite(path: Path) -> None:
    """Store the weights in the `.keras` file `path` as float16, and compress all of it.

    Keras casts them to a variable's own type when it reads them. Small arrays stay as they are:
    they weigh little, and the errors of a gain reach every pixel. So do arrays with numbers that
    float16 does not have.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[_WEIGHTS] = _halved(members[_WEIGHTS])
    with replaced(path) as unfinished, zipfile.ZipFile(unfinished, "w", _COMPRESSED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _halved(content: bytes) -> bytes:
    made = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as source, h5py.File(made, "w") as target:
        _copy(source, target)
    return made.getvalue()


def _copy(source: h5py.Group, target: h5py.Group) -> None:
    """Copy a group with all that it holds, floats of 32 bits as floats of 16."""
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, target.create_group(name))
        else:
            values = item[()]
            if _is_halved(values):
                values = values.astype(np.float16)
            target.create_dataset(name, data=values).attrs.update(item.attrs)


def _is_halved(values: np.ndarray) -> bool:
    large = values.dtype == np.float32 and values.size >= LEAST
    return bool(large and np.abs(values).max() <= _LARGEST)
