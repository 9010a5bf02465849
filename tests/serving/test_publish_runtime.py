"""The runtime of a page: fetched once, taken from a folder, refused if it is not pinned."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")

from console.errors import UserError
from serving.publish import runtime


def packed(package, **changed):
    """A package as npm's registry gives it, with contents of our own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in package.files:
            content = changed.get(path, path.encode())
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """Two small packages whose hashes are right, and what the registry answers by address."""
    small = tuple(
        runtime.Package(
            each.name, each.version,
            {path: hashlib.sha256(path.encode()).hexdigest() for path in each.files},
        )
        for each in runtime.PACKAGES
    )  # fmt: skip
    monkeypatch.setattr(runtime, "PACKAGES", small)
    answers = {each.address: packed(each) for each in small}
    asked = []

    def opened(address, timeout):
        asked.append(address)
        if address not in answers:
            raise OSError("no route")
        return io.BytesIO(answers[address])

    monkeypatch.setattr("urllib.request.urlopen", opened)
    return small, answers, asked


def test_the_runtime_is_fetched_once(registry, tmp_path):
    _, _, asked = registry
    found = runtime.load(cache=tmp_path / "cache")
    assert found["gifenc.mjs"] == b"dist/gifenc.esm.js"
    assert {"onnxruntime-LICENSE", "onnxruntime-ThirdPartyNotices.txt"} <= set(found)
    assert asked == [
        "https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",
        "https://registry.npmjs.org/gifenc/-/gifenc-1.0.3.tgz",
    ]
    assert runtime.load(cache=tmp_path / "cache") == found
    assert len(asked) == 2
    (tmp_path / "cache/gifenc-1.0.3/LICENSE.md").write_text("cut")
    assert runtime.load(cache=tmp_path / "cache") == found
    assert len(asked) == 3  # what is damaged is fetched anew


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runtime.default_cache() == tmp_path / "gan-publish"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert runtime.default_cache() == tmp_path / ".cache" / "gan-publish"


def test_without_a_network_the_way_out_is_said(registry, tmp_path):
    _, answers, _ = registry
    answers.clear()
    with pytest.raises(UserError, match=r"cannot be fetched \(no route\); on a machine with a net"):
        runtime.load(cache=tmp_path / "cache")
    assert not list(tmp_path.rglob("*.mjs"))


def test_without_licences_nothing_is_fetched(registry, tmp_path, monkeypatch):
    _, _, asked = registry
    monkeypatch.setattr("serving.export.packages.folder_of", lambda module: tmp_path)
    (tmp_path / "LICENSE").write_text("MIT")
    with pytest.raises(UserError, match=r"ThirdPartyNotices\.txt is missing; install onnx"):
        runtime.load(cache=tmp_path / "cache")
    assert asked == []


@pytest.mark.parametrize("answer", ["other", "no package", "cut"])
def test_what_is_not_pinned_is_not_kept(answer, registry, tmp_path):
    small, answers, _ = registry
    wrong = packed(small[1], **{"dist/gifenc.esm.js": b"evil"})
    answers[small[1].address] = {"other": wrong, "no package": b"x" * 99, "cut": wrong[:40]}[answer]
    with pytest.raises(UserError, match=r"gave another dist/gifenc|gave no package"):
        runtime.load(cache=tmp_path / "cache")
    assert not (tmp_path / "cache/gifenc-1.0.3").exists()


@pytest.mark.parametrize("place", ["", "package", "dist"])
def test_a_folder_of_the_users(place, registry, tmp_path):
    small, _, asked = registry
    for each in small:
        for path in each.files:
            name = path.split("/")[-1] if place == "" else path.removeprefix("dist/")
            there = tmp_path / {"": name, "package": f"package/{path}", "dist": path}[place]
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(path.encode())
    assert runtime.load(tmp_path)["gifenc.mjs"] == b"dist/gifenc.esm.js"
    assert asked == []
    there.write_bytes(b"other")
    with pytest.raises(UserError, match=r"is not the file of gifenc 1\.0\.3: its SHA-256"):
        runtime.load(tmp_path)
    there.unlink()
    with pytest.raises(
        UserError, match=r"lacks \S+ of gifenc 1.0.3; unpack what `npm pack gifenc@"
    ):
        runtime.load(tmp_path)
