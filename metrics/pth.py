"""Read the tensors of a PyTorch `.pth` file without PyTorch, and nothing else.

A `.pth` file is a pickle, and a pickle may run any code. So `load` reads it with an unpickler
that knows only what a state dict of plain tensors needs: `OrderedDict`,
`_rebuild_tensor_v2`, `_rebuild_parameter` and the storage types. Anything else is refused by name
before it is imported. Both layouts are read: the zip archive (torch ≥ 1.6) and the older stream of
pickles followed by raw storages, in which the EfficientNet-Lite0 weights are published.
"""

import collections
import io
import math
import pickle
import zipfile
from pathlib import Path

import numpy as np

from metrics.errors import MetricError

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001

STORAGE_DTYPES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class _StorageType:
    """Replaces `torch.FloatStorage` and similar types; it can be neither called nor changed."""

    __slots__ = ("dtype",)

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype).newbyteorder("<")


def _rebuild_tensor(storage, offset, size, stride, *_) -> np.ndarray:
    """A strided view of a storage; the bounds are checked, because `as_strided` does not."""
    if not isinstance(storage, np.ndarray) or len(size) != len(stride):
        raise pickle.UnpicklingError("a tensor without a storage")
    numbers = (offset, *size, *stride)
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise pickle.UnpicklingError(f"a tensor with offset {offset}, size {size}, stride {stride}")
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if math.prod(size) and last >= storage.size:
        raise pickle.UnpicklingError(f"a tensor of {size} reaches beyond its storage")
    if math.prod(size) == 0:
        return np.empty(size, storage.dtype)
    # An expanded tensor (stride 0) may claim more elements than its storage holds; state dicts
    # hold none, and a file must not make us allocate more than it carries.
    if math.prod(size) > storage.size:
        raise pickle.UnpicklingError(f"a tensor of {size} is larger than its storage")
    strides = [s * storage.itemsize for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides)


def _rebuild_parameter(data, *_) -> np.ndarray:
    return data


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that knows only tensors. `storage_of(key, dtype, count)` finds the data."""

    def __init__(self, file, storage_of=None):
        super().__init__(file, encoding="utf-8")
        self._storage_of = storage_of

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _rebuild_parameter
        if module == "torch" and name in STORAGE_DTYPES:
            return _StorageType(STORAGE_DTYPES[name])
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not a tensor")

    def persistent_load(self, pid):
        if self._storage_of is None or not isinstance(pid, tuple) or len(pid) < 5:
            raise pickle.UnpicklingError("an unknown reference to data outside the pickle")
        kind, storage_type, key, _location, count = pid[:5]
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError("storages that are views of others are not supported")
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise pickle.UnpicklingError(f"a reference of kind {kind!r}")
        if type(count) is not int or count < 0:
            raise pickle.UnpicklingError(f"a storage of {count} elements")
        return self._storage_of(str(key), storage_type.dtype, count)


def _load_zip(path: Path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl") or name == "data.pkl"]
        if len(pickles) != 1:
            raise pickle.UnpicklingError("a zip archive without one data.pkl")
        root = pickles[0][: -len("data.pkl")]
        if any(name == f"{root}constants.pkl" for name in names):
            raise pickle.UnpicklingError("a TorchScript program, not a state dict")
        order = f"{root}byteorder"
        if order in names and archive.read(order).strip() != b"little":
            raise pickle.UnpicklingError("big-endian data")
        storages: dict[str, np.ndarray] = {}

        def storage_of(key, dtype, count):
            if key not in storages:
                data = archive.read(f"{root}data/{key}")
                if len(data) != count * dtype.itemsize:
                    raise pickle.UnpicklingError(f"storage {key} has {len(data)} bytes")
                storages[key] = np.frombuffer(data, dtype)
            return storages[key]

        return _TensorUnpickler(io.BytesIO(archive.read(pickles[0])), storage_of).load()


def _load_legacy(path: Path):
    size = path.stat().st_size
    storages: dict[str, np.ndarray] = {}

    def storage_of(key, dtype, count):
        if count * dtype.itemsize > size:
            raise pickle.UnpicklingError(f"storage {key} claims more bytes than the file has")
        return storages.setdefault(key, np.empty(count, dtype))  # filled below

    with path.open("rb") as file:
        if _TensorUnpickler(file).load() != LEGACY_MAGIC:
            raise pickle.UnpicklingError("not a PyTorch file")
        if _TensorUnpickler(file).load() != LEGACY_PROTOCOL:
            raise pickle.UnpicklingError("an unknown PyTorch protocol")
        if not _TensorUnpickler(file).load().get("little_endian", True):
            raise pickle.UnpicklingError("big-endian data")
        content = _TensorUnpickler(file, storage_of).load()
        for key in _TensorUnpickler(file).load():
            storage = storages[key]
            if int.from_bytes(file.read(8), "little") != storage.size:
                raise pickle.UnpicklingError(f"storage {key} has another size than announced")
            if file.readinto(storage.view(np.uint8).data) != storage.nbytes:
                raise pickle.UnpicklingError("the file is cut short")
    return content


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The state dict of a `.pth` file: name → array, in the file's order and dtypes.

    Raises `MetricError` if the file is missing, is not a PyTorch file, is damaged, or holds
    anything but tensors (code in it is never run).
    """
    path = Path(path)
    if not path.is_file():
        raise MetricError(f"There is no weights file {path}.")
    try:
        content = _load_zip(path) if zipfile.is_zipfile(path) else _load_legacy(path)
        if not isinstance(content, dict) or not content:
            raise pickle.UnpicklingError(f"it holds a {type(content).__name__}, not a state dict")
        for name, value in content.items():
            if not isinstance(name, str) or not isinstance(value, np.ndarray):
                raise pickle.UnpicklingError(f"its entry {name!r} is not a tensor")
    except Exception as error:  # a damaged pickle can raise anything
        reason = str(error) or type(error).__name__
        raise MetricError(f"{path} is not a file of PyTorch tensors: {reason}.") from error
    return {name: np.ascontiguousarray(value) for name, value in content.items()}
