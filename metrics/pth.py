"""Read the tensors of a PyTorch `.pth` file without PyTorch, and nothing else.

A `.pth` file is a pickle, and a pickle may run any code. So `load` reads it with a machine that
knows only what a state dict of plain tensors needs (`metrics.pickles`): `OrderedDict`,
`_rebuild_tensor_v2`, `_rebuild_parameter` and the storage types. Anything else is refused by name,
and what a file claims to hold is compared with its size before it is read. Both layouts are read:
the zip archive (torch ≥ 1.6) and the older stream of pickles followed by raw storages, in which the
EfficientNet-Lite0 weights are published.
"""

import io
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from foreign import archives, bounds
from foreign.numbers import shown
from foreign.records import Unreadable
from metrics.errors import MetricError
from metrics.pickles import PickleError, ordered_dict
from metrics.pickles import load as load_pickle

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
MOST_DIMENSIONS = 16

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
    """Replaces `torch.FloatStorage` and similar types."""

    __slots__ = ("dtype",)

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype).newbyteorder("<")


class _Tensors:
    """Makes tensors of storages; together they may not be many times as large as the file."""

    def __init__(self, path: Path) -> None:
        self._path, self._size, self._claimed = str(path), path.stat().st_size, 0

    def rebuild(self, storage=None, offset=None, size=None, stride=None, *_) -> np.ndarray:
        """A strided view of a storage; the bounds are checked, because `as_strided` does not."""
        if not isinstance(storage, np.ndarray):
            raise PickleError("a tensor without a storage")
        _check_place(offset, size, stride)
        count = math.prod(size)
        if count == 0:
            return np.empty(size, storage.dtype)
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if last >= storage.size:
            raise PickleError(f"a tensor of {size} reaches beyond its storage")
        # An expanded tensor (stride 0) may claim more elements than its storage holds; state dicts
        # hold none, and a file must not make us allocate more than it carries.
        if count > storage.size:
            raise PickleError(f"a tensor of {size} is larger than its storage")
        self._claimed += count * storage.itemsize
        archives.refuse_growth(self._path, self._size, self._claimed)
        strides = [s * storage.itemsize for s in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], size, strides, writeable=False)

    def known(self) -> dict[tuple[str, str], Any]:
        """What a pickle may ask for."""
        types = {("torch", name): _StorageType(dtype) for name, dtype in STORAGE_DTYPES.items()}
        return {
            **types,
            ("collections", "OrderedDict"): ordered_dict,
            ("torch._utils", "_rebuild_tensor_v2"): self.rebuild,
            ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        }


def _check_place(offset: Any, size: Any, stride: Any) -> None:
    """Refuse anything but a number and two short tuples of numbers, before they are looked at."""
    for each in (size, stride):
        if type(each) is not tuple or len(each) > MOST_DIMENSIONS:
            raise PickleError("a tensor without a size")
    right = all(type(each) is int and 0 <= each < 2**62 for each in (offset, *size, *stride))
    if not right or len(size) != len(stride):
        raise PickleError("a tensor whose offset, size or stride is out of range")


def _rebuild_parameter(data: Any = None, *_) -> np.ndarray:
    if not isinstance(data, np.ndarray):
        raise PickleError("a parameter without a tensor")
    return data


def _reference(pid: Any, storage_of: Callable[[str, np.dtype, int], np.ndarray]) -> np.ndarray:
    """The storage that a reference names. Only checked values are shown in errors."""
    if type(pid) is not tuple or len(pid) < 5:
        raise PickleError("an unknown reference to data outside the pickle")
    kind, storage_type, key, _location, count = pid[:5]
    if len(pid) > 5 and pid[5] is not None:
        raise PickleError("storages that are views of others are not supported")
    if kind != "storage" or not isinstance(storage_type, _StorageType):
        raise PickleError(f"a reference of kind {shown(kind)}" if type(kind) is str else "a kind")
    if type(count) is not int or not 0 <= count < 2**62:
        raise PickleError("a storage whose number of elements is out of range")
    if type(key) not in (str, int):
        raise PickleError("a storage without a name")
    return storage_of(str(key), storage_type.dtype, count)


def _load_zip(path: Path) -> Any:
    with archives.opened(path) as archive:
        names = archive.names
        pickles = [name for name in names if name.endswith("/data.pkl") or name == "data.pkl"]
        if len(pickles) != 1:
            raise PickleError("a zip archive without one data.pkl")
        root = pickles[0][: -len("data.pkl")]
        if f"{root}constants.pkl" in names:
            raise PickleError("a TorchScript program, not a state dict")
        order = f"{root}byteorder"
        if order in names and archive.read(order, 100).strip() != b"little":
            raise PickleError("big-endian data")
        storages: dict[str, np.ndarray] = {}

        def storage_of(key: str, dtype: np.dtype, count: int) -> np.ndarray:
            if key not in storages:
                data = archive.read(f"{root}data/{key}", count * dtype.itemsize)
                storages[key] = np.frombuffer(data, dtype)
            if storages[key].size != count or storages[key].dtype != dtype:
                raise PickleError(f"storage {shown(key)} has {storages[key].nbytes} bytes")
            return storages[key]

        text = io.BytesIO(archive.read(pickles[0], bounds.PICKLE))
        return load_pickle(text, _Tensors(path).known(), lambda pid: _reference(pid, storage_of))


def _load_legacy(path: Path) -> Any:
    size, claimed = path.stat().st_size, 0
    storages: dict[str, np.ndarray] = {}

    def storage_of(key: str, dtype: np.dtype, count: int) -> np.ndarray:
        nonlocal claimed
        if key not in storages:
            claimed += count * dtype.itemsize
            if claimed > size:
                raise PickleError(f"storage {shown(key)} claims more bytes than the file has")
            storages[key] = np.empty(count, dtype)  # filled below
        if storages[key].size != count or storages[key].dtype != dtype:
            raise PickleError(f"storage {shown(key)} has two sizes")
        return storages[key]

    with path.open("rb") as file:
        text = io.BytesIO(file.read(bounds.PICKLE))
        if load_pickle(text, {}) != LEGACY_MAGIC:
            raise PickleError("not a PyTorch file")
        if load_pickle(text, {}) != LEGACY_PROTOCOL:
            raise PickleError("an unknown PyTorch protocol")
        machine = load_pickle(text, {})
        if not isinstance(machine, dict) or machine.get("little_endian", True) is not True:
            raise PickleError("big-endian data")
        content = load_pickle(text, _Tensors(path).known(), lambda pid: _reference(pid, storage_of))
        _fill(storages, load_pickle(text, {}), file, text.tell())
    return content


def _fill(storages: dict[str, np.ndarray], keys: Any, file: BinaryIO, begin: int) -> None:
    """Read the storages, which follow the pickles in the order of `keys`."""
    if type(keys) is not list or not all(type(key) in (str, int) for key in keys):
        raise PickleError("the storages are not named")
    if sorted(map(str, keys)) != sorted(storages):
        raise PickleError("the storages in the file are not those of its tensors")
    file.seek(begin)
    for key in map(str, keys):
        storage = storages[key]
        if int.from_bytes(file.read(8), "little") != storage.size:
            raise PickleError(f"storage {shown(key)} has another size than announced")
        if file.readinto(storage.view(np.uint8).data) != storage.nbytes:  # type: ignore[attr-defined]
            raise PickleError("the file is cut short")


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The state dict of a `.pth` file: name → array, in the file's order and dtypes.

    Raises `MetricError` if the file is missing, is not a PyTorch file, is damaged, claims more than
    it can hold, or holds anything but tensors (code in it is never run).
    """
    path = Path(path)
    if not path.is_file():
        raise MetricError(f"There is no weights file {path}.")
    try:
        content = _load_zip(path) if zipfile.is_zipfile(path) else _load_legacy(path)
        if not isinstance(content, dict) or not content:
            raise PickleError(f"it holds a {type(content).__name__}, not a state dict")
        for name, value in content.items():
            if not isinstance(name, str) or not isinstance(value, np.ndarray):
                raise PickleError(f"its entry {shown(str(name))} is not a tensor")
    except (PickleError, Unreadable, OSError, MemoryError) as error:
        reason = str(error) or type(error).__name__
        raise MetricError(f"{path} is not a file of PyTorch tensors: {reason}.") from error
    return {name: np.ascontiguousarray(value) for name, value in content.items()}
