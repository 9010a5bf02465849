"""Pickles that do more than hold tensors: refused at once, with no memory taken."""

import io
import pickle
import pickletools
import random
import time
import tracemalloc

import pytest

from metrics import pickles, pth
from metrics.errors import MetricError
from metrics.pickles import PickleError
from tests.metrics.test_pth import VALUES, pickled, tensor, write_legacy, write_zip

REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = b"ctorch\nFloatStorage\n"
# t = (t, t), forty times: its hash takes 2⁴⁰ steps
NESTED = b")q\x00" + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(40))
KNOWN = {("torch._utils", "_rebuild_tensor_v2"): lambda *arguments: arguments,
         ("torch", "FloatStorage"): object()}  # fmt: skip


def load(text):
    return pickles.load(io.BytesIO(b"\x80\x02" + text), KNOWN)


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -3, 300, 70_000, 2**40, -(2**70), 1.5, "a", "ä" * 300, (), (1,), (1, 2),
     (1, 2, 3), (1, 2, 3, 4), [], [1], [1, [2, "x"]], {}, {"a": 1}, {"a": {1: (2,)}, "b": []}],
)  # fmt: skip
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_values_come_back(value, protocol):
    text = io.BytesIO(pickle.dumps(value, protocol) + b"rest")
    assert pickles.load(text, {}) == value
    assert text.read() == b"rest"


HOSTILE = {
    "an attribute of a function": (REBUILD + b"}X\x01\x00\x00\x00aK\x01sb.", "no dict"),
    "an attribute of a type": (STORAGE + b"}X\x05\x00\x00\x00dtypeK\x01sb.", "no dict"),
    "an attribute by a slot": (REBUILD + b"N}X\x01\x00\x00\x00aK\x01s\x86b.", "no dict"),
    "a nested key": (NESTED + b"}h\x28K\x01s.", "a key that is no name"),
    "nested keys": (b"}(" + NESTED + b"K\x01u.", "a key that is no name"),
    "a new object": (REBUILD + b")\x81.", "the instruction NEWOBJ"),
    "an instance": (b"(ios\nsystem\n.", "the instruction INST"),
    "an extension": (b"\x82\x01.", "the instruction EXT1"),
    "bytes": (b"C\x01a.", "the instruction SHORT_BINBYTES"),
    "a set": (b"\x8f.", "the instruction EMPTY_SET"),
    "a call of a value": (b"K\x01)R.", "calls what is no function"),
    "a call of a type": (STORAGE + b")R.", "calls what is no function"),
    "a call of a text": (b"X\x01\x00\x00\x00a)R.", "calls what is no function"),
    "arguments of another kind": (REBUILD + b"]R.", "calls what is no function"),
    "an import": (b"cos\nsystem\n.", "asks for os.system, which is not a tensor"),
    "an import by values": (b"X\x02\x00\x00\x00os]\x93.", "something without a name"),
    "a name with escape codes": (b"c\x1b[31m\nx\n.", r"asks for \\x1b"),
    "a long name": (b"c" + b"a" * 9000 + b"\nx\n.", "asks for aaa"),
    "nothing": (b"", "damaged: pickle exhausted"),
    "no end": (b"K\x01", "damaged: pickle exhausted"),
    "an empty stack": (b".", "damaged"),
    "a mark as a value": (b"(.", "damaged"),
    "a mark within": (b"((\x85.", "damaged"),
    "no mark": (b"K\x01t.", "damaged"),
    "an odd dict": (b"}(K\x01u.", "damaged"),
    "an unknown place": (b"h\x07.", "damaged"),
    "no instruction": (b"\xff.", "damaged"),
    "a text without an end": (b"X\xff\xff\xff\x7fa.", "damaged"),
    "a list that is a value": (b"K\x01K\x02a.", "no list"),
}


@pytest.mark.parametrize(("text", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_pickles_are_refused(text, words):
    begin = time.monotonic()
    with pytest.raises(PickleError, match=words) as raised:
        load(text)
    assert time.monotonic() - begin < 1
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 160


@pytest.mark.parametrize("place", [b"r\xff\xff\xff\x1f", b"r\xff\xff\xff\xff"])
def test_a_word_of_nine_bytes_takes_no_memory(place):
    tracemalloc.start()
    assert load(b"K\x01" + place + b".") == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_state_dict_with_attributes_is_read(tmp_path):
    """`_metadata` of real state dicts is set by BUILD; it is no tensor and is left out."""
    text = pickled({"a": tensor(VALUES, (2, 3), (3, 1))})
    text = text[:-1] + pickle.dumps({"_metadata": {"": {"version": 1}}}, 2)[2:-1] + b"b."
    assert any(one.name == "BUILD" for one, *_ in pickletools.genops(text))
    path = write_zip(tmp_path / "a.pth", {}, {"0": VALUES})
    assert list(pth.load(replace(path, text))) == ["a"]


def replace(path, text):
    """The archive with another data.pkl."""
    import zipfile

    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (content | {"archive/data.pkl": text}).items():
            new.writestr(name, data)
    return path


def test_many_tensors_of_one_storage_are_not_all_made(tmp_path):
    many = {f"t{i}": tensor(range(1000), (1000,), (1,)) for i in range(9000)}
    path = write_zip(tmp_path / "a.pth", many, {"0": range(1000)})
    with pytest.raises(MetricError, match="claims to hold"):
        pth.load(path)


@pytest.mark.parametrize("write", [None, write_legacy], ids=["zip", "legacy"])
def test_mutated_files_are_read_or_refused(tmp_path, write):
    """Bytes changed at random: never another error, never much memory or time."""
    path = tmp_path / "a.pth"
    if write:
        write(path)
    else:
        write_zip(path, {"a": tensor(VALUES, (2, 3), (3, 1))}, {"0": VALUES})
    whole, rng = path.read_bytes(), random.Random(5)
    refused = 0
    tracemalloc.start()
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 8))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content[: rng.choice((len(content), rng.randrange(len(content))))])
        try:
            pth.load(path)
        except MetricError as error:
            refused += "\n" not in str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused > 200
    assert peak < 20_000_000
