"""Two domains, by every way there is to them."""

import inspect

import numpy as np
import pytest

from datasets import ATTRIBUTES, Batches, DataError, drawing, faces, folders, open_domains
from tests.datasets.conftest import first_values, save_picture

AB = ("a", "b")


@pytest.fixture
def domains(tmp_path):
    """`open_domains` at 8 px, with its own cache folder and no progress bar."""

    def open_quietly(spec, names=AB, resolution=8, **options):
        options = {"cache_dir": tmp_path / "cache", "progress": False, **options}
        return open_domains(spec, names, resolution, **options)

    return open_quietly


def fill(folder, colours, size=8):
    """Pictures 0.png, 1.png, … of these colours."""
    for i, colour in enumerate(colours):
        save_picture(folder / f"{i}.png", (colour, colour, colour), size)
    return folder


def reds(domains):
    return [first_values(np.asarray(part.images)) for part in domains.parts.values()]


# === Folders ===


def test_two_folders(domains, tmp_path):
    first, second = fill(tmp_path / "photo s", [1, 2, 3]), fill(tmp_path / "art", [4, 5])
    found = domains(first, spec_b=second)
    assert reds(found) == [[1, 2, 3], [4, 5]]
    assert list(found.parts) == ["a", "b"]
    assert found.titles == {"a": "photo s", "b": "art"}
    assert (found.name, found.paired) == ("photo_s-art", False)
    assert (found.left_out, found.notes) == ([], [])
    assert found.report() == ["a: 3 pictures of 'photo s'", "b: 2 pictures of 'art'"]
    with pytest.raises(DataError, match=r"A batch of 3 .* 'art' has 2 pictures"):
        Batches(found.parts["b"], 3, seed=0, stream=1)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (("trainA", "trainB", "testA", "testB"), ("trainA", "trainB")),
        (("trainB", "trainA"), ("trainA", "trainB")),
        (("winter", "summer"), ("summer", "winter")),
        (("z", "B"), ("B", "z")),
    ],
)
def test_one_folder_with_both(domains, tmp_path, inside, expected):
    colours = {name: 10 * i for i, name in enumerate(inside)}
    for name in inside:
        fill(tmp_path / "both" / name / "deep", [colours[name]])
    (tmp_path / "both" / "empty").mkdir()
    fill(tmp_path / "both" / ".hidden", [7])
    found = domains(tmp_path / "both")
    assert tuple(found.titles.values()) == expected
    assert reds(found) == [[colours[name]] for name in expected]
    assert found.name == "both"


def test_what_was_left_out_names_its_folder(domains, tmp_path):
    for name in AB:
        fill(tmp_path / "d" / name, [1, 2])
        (tmp_path / "d" / name / "0.png").write_bytes(b"")
        (tmp_path / "d" / name / "readme.md").write_text("")
    found = domains(tmp_path / "d")
    why = "the file is empty"
    assert found.left_out == [("a/0.png", why), ("b/0.png", why)]
    assert found.notes == [
        "a: Files of other kinds, passed over: 1 (.md 1).",
        "b: Files of other kinds, passed over: 1 (.md 1).",
    ]
    assert [line for line in found.report() if "0.png" in line] == [
        "  a/0.png: the file is empty", "  b/0.png: the file is empty"
    ]  # fmt: skip


def test_folders_of_the_same_name_go_by_their_paths(domains, tmp_path):
    first, second = fill(tmp_path / "x" / "in", [1]), fill(tmp_path / "y" / "in", [2])
    found = domains(first, spec_b=second)
    assert list(found.titles.values()) == [str(first), str(second)]


def test_a_drawn_set_and_a_folder(domains, tmp_path):
    found = domains("faces", spec_b=fill(tmp_path / "mine", [1, 2]), count=2)
    np.testing.assert_array_equal(found.parts["a"].images[1], faces.draw(1, 8))
    assert found.name == "faces-mine"


def test_the_fingerprint_changes_with_either_part_and_their_order(domains, tmp_path):
    first, second = fill(tmp_path / "x", [1]), fill(tmp_path / "y", [2])
    prints = [domains(first, spec_b=second).fingerprint, domains(second, spec_b=first).fingerprint]
    fill(second, [2, 3])
    prints.append(domains(first, spec_b=second).fingerprint)
    fill(first, [2, 3])
    prints.append(domains(first, spec_b=second).fingerprint)
    assert len(set(prints)) == 4
    assert {len(one) for one in prints} == {12}


# === Labels of one set ===


def test_a_labelled_set_divided(domains):
    found = domains("faces", conditions=("glasses", "no glasses + red hair"), count=60)
    labels = faces.labels(60).astype(bool)
    glasses, red = (labels[:, ATTRIBUTES.index(name)] for name in ("glasses", "red hair"))
    first, second = found.parts.values()
    assert first.images.rows.tolist() == np.flatnonzero(glasses).tolist()
    assert second.images.rows.tolist() == np.flatnonzero(~glasses & red).tolist()
    index = second.images.rows[1]
    np.testing.assert_array_equal(second.images[1], faces.draw(int(index), 8))
    assert (found.name, found.paired) == ("faces-glasses-no_glasses___red_hair", False)
    assert first.folder == second.folder


def test_a_labelled_folder_divided(domains, tmp_path):
    for i, name in enumerate(["cat", "dog", "cow"]):
        fill(tmp_path / "d" / name, [i, 10 + i])
    (tmp_path / "d" / "cow" / "1.png").write_bytes(b"")
    found = domains(tmp_path / "d", conditions=("dog", "cow"), labels="folders")
    assert reds(found) == [[1, 11], [2]]
    assert found.left_out == [("cow/1.png", "the file is empty")]  # once, though both share it
    assert found.report()[2:] == ["Pictures left out: 1", "  cow/1.png: the file is empty"]
    three = domains(tmp_path / "d", "xyz", conditions=("dog", "cow", "cat"), labels="folders")
    assert reds(three) == [[1, 11], [2], [0, 10]]
    with pytest.raises(DataError, match="'d' has no labels"):
        domains(tmp_path / "d", conditions=("dog", "cow"))


def test_only_pictures_that_fulfil_a_condition(domains, tmp_path):
    found = domains("faces", ["images"], only="glasses + no hat", count=60)
    labels = faces.labels(60).astype(bool)
    names = ("glasses", "hat", "smile")
    glasses, hat, smile = (labels[:, ATTRIBUTES.index(name)] for name in names)
    (part,) = found.parts.values()
    assert part.images.rows.tolist() == np.flatnonzero(glasses & ~hat).tolist()
    assert part.labels.values[:, ATTRIBUTES.index("glasses")].all()
    assert found.fingerprint != domains("faces", ["images"], count=60).fingerprint
    both = domains("faces", only="glasses", conditions=("smile", "no smile"), count=60)
    sizes = [len(part.images) for part in both.parts.values()]
    assert sizes == [(glasses & smile).sum(), (glasses & ~smile).sum()]
    for i, name in enumerate(["cat", "dog"]):
        fill(tmp_path / "d" / name, [i, 10 + i])
    chosen = domains(tmp_path / "d", ["images"], labels="folders", only="dog")
    assert reds(chosen) == [[1, 11]]


# === One domain ===


def test_one_domain_is_open_data(domains, opened, tmp_path):
    folder = fill(tmp_path / "x", [1, 2])
    found, data = domains(folder, ["images"]), opened(folder)
    assert found.fingerprint == data.fingerprint == found.parts["images"].fingerprint
    assert (found.name, found.titles, found.paired) == ("x", {"images": "x"}, False)
    assert isinstance(found.parts["images"].images, np.memmap)
    with pytest.raises(DataError, match="There is one domain"):
        domains(folder, ["images"], spec_b=folder)
    with pytest.raises(DataError, match="There is one domain"):
        domains(folder, ["images"], paired=True)


# === What does not fit ===


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("x", {"spec_b": "y", "conditions": AB}, "not both"),
        ("faces", {"conditions": ("hat",)}, r"2 domains \(a, b\); --domains names 1: 'hat'"),
        ("faces", {"names": "abc"}, '3 domains are named by their labels: --domains "X, Y, Z"'),
        ("faces", {}, r"'faces' is one domain. For two, .*--data-b FOLDER.*--domains \"X, Y\""),
        ("faces", {"spec_b": "faces", "count": 2}, "same pictures, 'faces'"),
        ("missing", {}, "There is no folder .*missing"),
        ("missing", {"spec_b": "x"}, "There is no folder .*missing"),
        ("x", {"spec_b": "x"}, "lies in .*share its pictures"),
        ("two/m", {"spec_b": "two"}, "'two/m' lies in 'two'"),
        ("two", {"spec_b": "two/m"}, "'two/m' lies in 'two'"),
        ("x", {}, r"Sub-folders of 'x' with pictures: 0 \(nothing\).*exactly two.*--data-b"),
        ("three", {}, r"Sub-folders of 'three' with pictures: 3 \('k', 'l', 'm'\)"),
        ("parts", {}, "holds test and train, the parts of one data set.*give one.*'parts/test'"),
        ("loose", {}, r"'loose' holds pictures \('0.png'\) beside 'a' and 'b', in neither domain"),
        ("half", {}, "'half/trainB' is empty"),
        ("x", {"resolution": 9}, "power of two"),
        ("x", {"workers": 0}, "from 1 to 10.*, not 0"),
        ("x", {"count": 0}, "from 1 to 10.*, not 0"),
        ("faces", {"names": "a", "only": "hut"}, "There is no label 'hut'; nearest: hat"),
        ("x", {"names": "a", "only": "hat"}, "'x' has no labels, so none of its pictures is known"),
        ("two", {"paired": True, "only": "hat"}, r"Pairs have no labels .*choose.* \('hat'\)"),
    ],
)
def test_what_is_refused(domains, tmp_path, monkeypatch, spec, options, message):
    monkeypatch.chdir(tmp_path)
    inside = ["x", "two/l", "two/m", "three/k", "three/l", "three/m", "parts/train", "parts/test"]
    more = ["half/trainA", "half/other", "loose", "loose/a", "loose/b"]
    for i, name in enumerate([*inside, *more]):
        fill(tmp_path / name, [i])
    (tmp_path / "half" / "trainB").mkdir()
    with pytest.raises(DataError, match=message) as error:
        domains(spec, **options)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(DataError, match=r"Cannot read the folder .*: Permission denied"):
        folders.two(tmp_path)


def test_every_option_reaches_the_drawing(domains, tmp_path, monkeypatch):
    """Of each way: the sources that `check` sees, and what the drawing is told."""
    drawn, draw_all = [], drawing.draw_all

    def spy(file, offset, items, render, resolution, workers, progress, **options):
        drawn.append((len(items), resolution, workers, progress))
        return draw_all(file, offset, items, render, resolution, 1, False, **options)

    monkeypatch.setattr(drawing, "draw_all", spy)
    for name in AB:
        fill(tmp_path / "d" / name, [1, 2, 3])
    known = {"spec", "names", "resolution", "spec_b", "conditions", "paired", "labels", "captions",
             "count", "only", "cache_dir", "workers", "progress", "check"}  # fmt: skip
    assert set(inspect.signature(open_domains).parameters) == known
    for way, expected in (
        ({"spec": tmp_path / "d"}, ["a", "b"]),
        ({"spec": tmp_path / "d", "paired": True}, ["d"]),
        ({"spec": "faces", "conditions": ("blush", "no blush"), "paired": True}, ["faces"]),
        ({"spec": tmp_path / "d", "labels": "folders", "conditions": AB}, ["d"]),
        ({"spec": tmp_path / "d", "names": ["x"]}, ["d"]),
        ({"spec": "faces", "names": ["x"], "captions": "drawn"}, ["faces"]),
    ):
        seen, drawn[:] = [], []
        domains(
            **way, resolution=16, count=2, workers=3, progress=True, cache_dir=tmp_path / "other",
            check=lambda source, seen=seen: seen.append(source.name),
        )  # fmt: skip
        assert seen == expected
        assert drawn in ([(2, 16, 3, True)] * len(expected), [])  # the cache is there already
    assert not (tmp_path / "cache").exists()
