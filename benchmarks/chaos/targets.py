"""The files that the project reads; those of each system are in `systems`."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.chaos import mutator, systems
from benchmarks.chaos.target import Target, by, written, zip_by
from console.errors import UserError
from datasets.errors import DataError, PictureError
from metrics.errors import MetricError

_COUNT = 6  # pictures
_SIDE = 16


# === Pictures and their descriptions ===


def _picture(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        pixels = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, {"jpg": "JPEG"}.get(suffix, suffix.upper()))
        return written(folder / f"a.{suffix}", file.getvalue())

    return make


def _read_picture(path: Path) -> object:
    from datasets import decode

    list(decode.frames(path, 8))
    return decode.read_pixels(path), decode.read(path, 8)


_FILES = [f"{number}.png" for number in range(_COUNT)]


def _labels_csv(folder: Path) -> Path:
    lines = [f"{name},{number % 2},0.{number}" for number, name in enumerate(_FILES)]
    return written(folder / "labels.csv", "\n".join(["file,smile,hat", *lines]))


def _read_labels(path: Path) -> object:
    from datasets import labels

    return labels.from_csv(path, _FILES)


def _label_json(folder: Path) -> Path:
    return written(folder / "0.json", json.dumps({"smile": 1, "red hair": 0.5, "hat": 0}))


def _read_label_json(path: Path) -> object:
    from curation import illustration2vec
    from datasets import labels

    illustration2vec.read(path)
    return labels.from_json_folder(path.parent, _FILES)


def _captions(folder: Path) -> Path:
    lines = [f'{name},"a girl, smiling"' for name in _FILES]
    return written(folder / "captions.csv", "\n".join(["file,caption", *lines]))


def _vectors(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).standard_normal((3, 4))
    np.savez(folder / "vectors.npz", texts=np.array(["a", "b", "c"]), vectors=values)
    return folder / "vectors.npz"


def _read_vectors(path: Path) -> object:
    from datasets.text import TableEncoder

    return TableEncoder.read(path).encode(["a"])


def _read_captions(path: Path) -> object:
    from datasets import captions

    return captions.from_csv(path, _FILES)


def _cache(member: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        known = {"kind": "attributes", "names": ["smile", "hat"], "groups": {"a": ["smile"]}}
        meta = {"name": "a", "count": _COUNT, "left_out": [["x", "y"]], "notes": ["n"],
                "labels": known}  # fmt: skip
        written(folder / "meta.json", json.dumps(meta))
        np.save(folder / "images.npy", np.zeros((_COUNT, 8, 8, 3), np.uint8))
        np.save(folder / "labels.npy", np.zeros((_COUNT, 2), np.float32))
        written(folder / "captions.json", json.dumps([["a"]] * _COUNT))
        return folder / member

    return make


def _read_cache(path: Path) -> object:
    from datasets import cache

    images, labels, captions, _ = cache.read(path.parent, (8, 8, 3))
    return images.sum(), labels, captions


def _faces(folder: Path) -> Path:
    _picture("png")(folder / "raw")
    _prepare(folder)
    return folder / "out" / ".work" / "faces.sqlite"


def _prepare(folder: Path) -> object:
    from curation import pipeline

    return pipeline.run(
        folder / "raw", folder / "out", pipeline.Options("none", workers=1, progress=False)
    )


# === Runs ===


def _run(member: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from metrics.collapse import CollapseGuard
        from models import recipes
        from training.settings import Settings

        settings = Settings(data="faces").to_dict()
        labels = {"kind": "classes", "names": ["a", "b"], "groups": {}, "shares": [0.5, 0.5]}
        data = {"name": "faces", "labels": labels}
        record = {"version": "0", "settings": settings, "overrides": {}, "precision": "float32",
                  "seed": 0, "backend": "x", "data": data}  # fmt: skip
        guard = CollapseGuard()
        guard.losses([1, 2], [0.1, 0.2], [1.0, 2.0])
        guard.measured(2, 3.0, 0.5)
        guard.singular_values(2, {"a": 1.5})
        rows = "step,distance,loss/1\n" + "".join(f"{n},{n}.5,{n * n}\n" for n in range(1, 9))
        written(folder / "recipe.json", json.dumps(recipes.load("SAGAN_V6").to_dict()))
        written(folder / "run.json", json.dumps(record))
        written(folder / "guard.json", json.dumps(guard.state()))
        written(folder / "losses.csv", rows)
        return folder / member

    return make


def _read_run(path: Path) -> object:
    import runs
    from training.command import Command

    run = runs.load(path.parent)
    Command("train.py", None, "SAGAN_V6", {}, {}, str(run.folder), False).check()
    return run.recipe(), run.record()


def _read_guard(path: Path) -> object:
    from training.callbacks.collapse_watch import CollapseWatch

    watch = CollapseWatch(None, path, path.parent, 1, 2)
    return watch.guard.findings(), watch.guard.state()


def _read_table(path: Path) -> object:
    from training.callbacks.csv_log import CSVLog

    log = CSVLog(path, first_step=4)
    log.on_rows([{"step": 5.0, "loss/1": 1.0}])
    return log.close()


def _records(folder: Path) -> Path:
    from metrics import protocol

    folder.mkdir(parents=True, exist_ok=True)
    record = protocol.Record({"a": {"b": 1}}, {"run": "x"}, {"FD": {"value": 1.0, "low": 0.5}})
    protocol.save([record, record], folder / "records.json")
    return folder / "records.json"


def _read_records(path: Path) -> object:
    from metrics import protocol

    found = protocol.load(path)
    return protocol.require_comparable(found, force=True)


# === Networks ===


def generator_file(folder: Path) -> Path:
    """The file of a generator of 8 px in `folder`."""
    import keras

    from models import files, recipes

    z, y = keras.Input((128,)), keras.Input((), dtype="int32")
    made = keras.layers.Reshape((8, 8, 3))(keras.layers.Dense(192)(z))
    recipe = recipes.load("SAGAN_V6").to_dict() | {"resolution": 8, "attention_resolution": 0}
    metadata = {"verb": "generate", "recipe": recipe, "step": 3}
    folder.mkdir(parents=True, exist_ok=True)
    files.save(keras.Model([z, y], made), folder / "a.keras", metadata)
    return folder / "a.keras"


def _read_network(path: Path) -> object:
    from serving.source import open_source

    return open_source(path)


# {"a": a float32 tensor of 2 × 3}, as PyTorch pickles it.
_PICKLE = (
    b"\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n"
    b"FloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86\x89"
    b"ccollections\nOrderedDict\n)RtRs."
)


def _state_dict(folder: Path) -> Path:
    path = written(folder / "a.pth", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", _PICKLE)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/data/0", np.arange(6, dtype="<f4").tobytes())
    return path


def _read_state_dict(path: Path) -> object:
    from metrics import pth

    return pth.load(path)


_DATA = (DataError,)
_USER = (UserError,)
TARGETS: dict[str, Target] = {
    **{
        f"picture.{suffix}": Target(
            _picture(suffix), by(mutator.changed), _read_picture, (PictureError,)
        )
        for suffix in ("png", "jpg", "webp", "gif", "bmp")
    },
    "labels.csv": Target(_labels_csv, by(mutator.changed_csv), _read_labels, _DATA),
    "labels.json": Target(_label_json, by(mutator.changed_json), _read_label_json, _DATA),
    "captions.csv": Target(_captions, by(mutator.changed_csv), _read_captions, _DATA),
    "vectors.npz": Target(_vectors, zip_by(), _read_vectors, _DATA),
    "cache meta.json": Target(_cache("meta.json"), by(mutator.changed_json), _read_cache, _DATA),
    "cache images.npy": Target(_cache("images.npy"), by(mutator.changed), _read_cache, _DATA),
    "cache labels.npy": Target(_cache("labels.npy"), by(mutator.changed), _read_cache, _DATA),
    "cache captions.json": Target(
        _cache("captions.json"), by(mutator.changed_json), _read_cache, _DATA
    ),
    "faces.sqlite": Target(
        _faces, by(mutator.changed), lambda path: _prepare(path.parents[2]), _DATA, slow=True
    ),
    "recipe.json": Target(_run("recipe.json"), by(mutator.changed_json), _read_run, _USER),
    "run.json": Target(_run("run.json"), by(mutator.changed_json), _read_run, _USER),
    "guard.json": Target(_run("guard.json"), by(mutator.changed_json), _read_guard, ()),
    "losses.csv": Target(_run("losses.csv"), by(mutator.changed_csv), _read_table, ()),
    "records.json": Target(_records, by(mutator.changed_json), _read_records, (MetricError,)),
    ".keras": Target(generator_file, zip_by("gan.json"), _read_network, _USER, slow=True),
    ".pth": Target(_state_dict, zip_by(), _read_state_dict, (MetricError,)),
    **systems.TARGETS,
}
