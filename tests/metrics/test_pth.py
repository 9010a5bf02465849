"""Reading `.pth` files: the tensors come out right, and nothing else comes out at all."""

import collections
import io
import os
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
    path = tmp_path / "legacy.pth"
    with path.open("wb") as file:
        for header in (pth.LEGACY_MAGIC, pth.LEGACY_PROTOCOL, {"little_endian": True}):
            pickle.dump(header, file, protocol=2)
        # The legacy layout has one more entry in each reference.
        content = {"w": tensor(VALUES, (2, 3), (3, 1), key="k")}
        file.write(pickled(content).replace(b"K\x06t", b"K\x06Nt"))
        pickle.dump(["k"], file, protocol=2)
        file.write(struct.pack("<q", 6) + np.arange(6, dtype="<f4").tobytes())
    np.testing.assert_array_equal(pth.load(path)["w"], [[0, 1, 2], [3, 4, 5]])
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(MetricError, match="cut short"):
        pth.load(path)


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
        ((2, 3), (3, -1), 0, "stride"),
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
    with pytest.raises(MetricError, match="storage 0 has 8 bytes"):
        pth.load(short)


def test_inception_weights_are_found_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MetricError, match=r"--inception PATH.*--download"):
        weights.inception_path()
    with pytest.raises(MetricError, match="no Inception weights file"):
        weights.inception_path(tmp_path / "none.pth")
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    file = folder / weights.INCEPTION_NAMES[1]
    file.write_bytes(b"something else")
    with pytest.raises(MetricError, match="is not the FID Inception"):
        weights.inception_path()
    monkeypatch.setattr(weights.inception, "SHA256_PREFIX", weights.sha256(file)[:8])
    assert weights.inception_path() == file


def test_download_checks_the_hash_and_leaves_nothing_half_made(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    source = tmp_path / "served.pth"
    source.write_bytes(b"weights")
    addresses = ((tmp_path / "missing").as_uri(), source.as_uri())
    monkeypatch.setattr(weights, "INCEPTION_ADDRESSES", addresses)
    with pytest.raises(MetricError, match=r"cannot be fetched.*missing.*is not the FID Inception"):
        weights.inception_path(download=True)
    assert os.listdir(tmp_path / "hub" / "checkpoints") == []
    monkeypatch.setattr(weights.inception, "SHA256_PREFIX", weights.sha256(source)[:8])
    assert weights.inception_path(download=True).read_bytes() == b"weights"
