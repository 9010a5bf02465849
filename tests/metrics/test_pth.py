"""Reading `.pth` files: the tensors come out right, and nothing else comes out at all."""

import collections
import io
import pickle
import struct
import zipfile
from typing import ClassVar

import numpy as np
import pytest

from metrics import pth, weights
from metrics.errors import MetricError


class Storage:
    """What torch puts in a pickle for a storage: a reference to data kept beside it."""

    def __init__(self, values, key="0"):
        self.values, self.key = values, key


class _Global:
    """Pickles as a bare reference to `module.name`, without importing it."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class TorchPickler(pickle._Pickler):
    """Writes what torch writes, without torch."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_global_reference(self, thing):
        self.write(f"c{thing.module}\n{thing.name}\n".encode())

    dispatch[_Global] = save_global_reference

    def persistent_id(self, thing):
        if isinstance(thing, Reference):
            return thing.pid
        if isinstance(thing, Storage):
            kind = _Global("torch", "FloatStorage")
            return ("storage", kind, thing.key, "cpu", len(thing.values))
        return None


class Call:
    """Pickles as `function(*arguments)`."""

    def __init__(self, module, name, *arguments):
        self.reduced = _Global(module, name), arguments


def save_call(pickler, call):
    function, arguments = call.reduced
    pickler.save(function)
    pickler.save(arguments)
    pickler.write(pickle.REDUCE)


TorchPickler.dispatch[Call] = save_call


def tensor(values, size, stride, offset=0, key="0"):
    return Call(
        "torch._utils",
        "_rebuild_tensor_v2",
        Storage(values, key),
        offset,
        size,
        stride,
        False,
        collections.OrderedDict(),
    )


def pickled(thing) -> bytes:
    buffer = io.BytesIO()
    TorchPickler(buffer, 2).dump(thing)
    return buffer.getvalue()


def write_zip(path, content, data=None):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(content))
        for key, values in (data or {}).items():
            archive.writestr(f"archive/data/{key}", np.asarray(values, "<f4").tobytes())
    return path


VALUES = list(range(6))


def test_zip_and_strides(tmp_path):
    content = {"a": tensor(VALUES, (2, 3), (3, 1)), "b": tensor(VALUES, (3, 2), (1, 3))}
    read = pth.load(write_zip(tmp_path / "a.pth", content, {"0": VALUES}))
    np.testing.assert_array_equal(read["a"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(read["b"], [[0, 3], [1, 4], [2, 5]])
    assert read["b"].flags.c_contiguous


def test_legacy_stream(tmp_path):
    read = pth.load(write_legacy(tmp_path / "legacy.pth"))
    np.testing.assert_array_equal(read["w"], [[0, 1, 2], [3, 4, 5]])


def write_legacy(path, headers=(), content=None, announced=6, stored=6, keys=("k",)):
    """The older layout: headers, the state, the storages' names, their counts and bytes."""
    known = [pth.LEGACY_MAGIC, pth.LEGACY_PROTOCOL, {"little_endian": True}]
    for place, value in dict(headers).items():
        known[place] = value
    state = content or {"w": tensor(VALUES, (2, 3), (3, 1), key="k")}
    with path.open("wb") as file:
        for header in known:
            pickle.dump(header, file, protocol=2)
        file.write(pickled(state).replace(b"K\x06t", b"K\x06Nt"))
        pickle.dump(list(keys), file, protocol=2)
        file.write(struct.pack("<q", announced) + np.arange(stored, dtype="<f4").tobytes())
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"headers": {0: 1}}, "not a PyTorch file"),
        ({"headers": {1: 1000}}, "unknown PyTorch protocol"),
        ({"headers": {2: {"little_endian": False}}}, "big-endian"),
        ({"announced": 5}, "another size than announced"),
        ({"stored": 5}, "cut short"),
        ({"keys": ("other",)}, "not those of its tensors"),
    ],
)
def test_legacy_streams_that_do_not_hold_together(tmp_path, changes, message):
    assert pth.load(write_legacy(tmp_path / "good.pth"))["w"].shape == (2, 3)
    with pytest.raises(MetricError, match=message):
        pth.load(write_legacy(tmp_path / "bad.pth", **changes))


def test_a_storage_larger_than_its_file_is_refused_before_it_is_made(tmp_path):
    many = range(10_000)
    content = {"w": tensor(many, (10_000,), (1,), key="k")}
    path = write_legacy(tmp_path / "huge.pth", content=content, announced=10_000)
    with pytest.raises(MetricError, match="claims more bytes than the file has"):
        pth.load(path)


@pytest.mark.parametrize(
    ("member", "data", "message"),
    [
        ("archive/byteorder", b"big", "big-endian"),
        ("archive/constants.pkl", b"", "TorchScript"),
        ("other/data.pkl", b"", "without one data.pkl"),
    ],
)
def test_other_zip_archives_are_refused(tmp_path, member, data, message):
    content = {"a": tensor(VALUES, (2, 3), (3, 1))}
    path = write_zip(tmp_path / "a.pth", content, {"0": VALUES})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, data)
    with pytest.raises(MetricError, match=message):
        pth.load(path)


def test_little_endian_is_what_is_read(tmp_path):
    content = {"a": tensor(VALUES, (2, 3), (3, 1))}
    path = write_zip(tmp_path / "a.pth", content, {"0": VALUES})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/byteorder", b"little")
    assert pth.load(path)["a"].shape == (2, 3)


class Reference(Storage):
    """A storage reference that is not what torch writes."""

    def __init__(self, pid):
        super().__init__(VALUES)
        self.pid = pid


@pytest.mark.parametrize(
    ("pid", "message"),
    [
        (("module", None, "0", "cpu", 6), "a reference of kind 'module'"),
        (("storage", "float", "0", "cpu", 6), "a reference of kind 'storage'"),
        (("storage", ..., "0", "cpu", -1), "number of elements is out of range"),
        (("storage", ..., "0", "cpu", 6, ("view", 0, 1)), "views of others"),
        (("storage", ...), "unknown reference"),
    ],
)
def test_odd_references_to_storages_are_refused(tmp_path, pid, message):
    pid = tuple(_Global("torch", "FloatStorage") if part is ... else part for part in pid)
    call = tensor(VALUES, (2, 3), (3, 1))
    function, (_, *rest) = call.reduced
    call.reduced = function, (Reference(pid), *rest)
    with pytest.raises(MetricError, match=message):
        pth.load(write_zip(tmp_path / "a.pth", {"a": call}, {"0": VALUES}))


def test_the_published_lite0_file_equals_torchs_own_reading():
    torch = pytest.importorskip("torch")
    path = weights.lite0_path()
    theirs, ours = torch.load(path, weights_only=True), pth.load(path)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value.numpy())


def test_a_file_that_torch_writes_today(tmp_path):
    torch = pytest.importorskip("torch")
    state = {
        "half": torch.arange(6, dtype=torch.float16).reshape(2, 3).T,
        "long": torch.tensor(7),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "empty": torch.zeros(0, 3),
    }
    torch.save(state, tmp_path / "new.pth")
    read = pth.load(tmp_path / "new.pth")
    for name, value in state.items():
        np.testing.assert_array_equal(read[name], value.detach().numpy())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("numpy", "ndarray"),
        ("torch", "load"),
        ("torch.storage", "_load_from_bytes"),
        ("collections", "Counter"),
    ],
)
def test_code_is_refused_and_not_run(tmp_path, module, name):
    mark = tmp_path / "ran"
    call = Call(module, name, f"touch {mark}")
    path = write_zip(tmp_path / "bad.pth", {"a": call})
    with pytest.raises(MetricError, match=rf"asks for {module}\.{name}, which is not a tensor"):
        pth.load(path)
    path.write_bytes(pickled(call))  # the legacy layout starts with a pickle too
    with pytest.raises(MetricError, match=rf"asks for {module}\.{name}"):
        pth.load(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("size", "stride", "offset", "message"),
    [
        ((2, 4), (4, 1), 0, "beyond its storage"),
        ((2, 3), (3, 1), 1, "beyond its storage"),
        ((2, 2), (4, 2), 0, "beyond its storage"),  # its last element is the first one outside
        ((2, 3), (3, 1), True, "out of range"),
        ((2, 3), (3, -1), 0, "out of range"),
        ((1000, 1000), (0, 0), 0, "larger than its storage"),
    ],
)
def test_tensors_that_reach_out_of_their_storage_are_refused(
    tmp_path, size, stride, offset, message
):
    content = {"a": tensor(VALUES, size, stride, offset)}
    with pytest.raises(MetricError, match=message):
        pth.load(write_zip(tmp_path / "a.pth", content, {"0": VALUES}))


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(MetricError, match="no weights file"):
        pth.load(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("<html>404</html>")
    with pytest.raises(MetricError, match="not a file of PyTorch tensors"):
        pth.load(tmp_path / "text.pth")
    (tmp_path / "empty.pth").write_bytes(b"")
    with pytest.raises(MetricError, match="not a file of PyTorch tensors"):
        pth.load(tmp_path / "empty.pth")
    with pytest.raises(MetricError, match="not a state dict"):
        pth.load(write_zip(tmp_path / "list.pth", [1, 2]))
    with pytest.raises(MetricError, match="'epoch' is not a tensor"):
        pth.load(write_zip(tmp_path / "checkpoint.pth", {"epoch": 3}))
    content = {"a": tensor(VALUES, (2, 3), (3, 1))}
    short = write_zip(tmp_path / "short.pth", content, {"0": [1, 2]})
    with pytest.raises(MetricError, match="storage '0' has 8 bytes"):
        pth.load(short)
