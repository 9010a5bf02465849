"""To add a loss, a penalty, a recipe or a system takes one file each, or one folder.

They are added to a copy of the project, where the command line then knows them. The system added
trains in two phases, whose seam nobody must notice.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
ADDITIONS = Path(__file__).parent / "additions"
# Kind of addition → (what a newcomer writes, where it goes).
ADDED = {
    "loss": ("loss.py", "models/losses.py"),
    "penalty": ("penalty.py", "models/penalties.py"),
    "recipe": ("tiny_gan.py", "models/recipes/tiny_gan.py"),
    "recipe of the system": ("tiny_smoother.py", "models/recipes/tiny_smoother.py"),
    "system": ("smoother", "models/systems/smoother"),
}
SCRIPT = """
import sys
from training import cli
options = ["--data={data}", "--cache-dir={copy}/cache", "--workers=1", "--precision=float32",
           "--picture-rows=2", "--picture-columns=2", "--checkpoint-every=2", "--picture-every=2"]
def train(*words):
    code = cli.run(None, [*words, *options])
    assert code == 0, code
train("tiny_gan", "--out={copy}/gan")
train("tiny_smoother", "--out={copy}/whole")
train("tiny_smoother", "--out={copy}/stopped", "--checkpoints=9")
import shutil
from pathlib import Path
for kept in {stops}:
    parts = Path(f"{copy}/parts_{{kept}}")
    shutil.copytree("{copy}/stopped", parts)
    (run,) = parts.iterdir()
    for path in sorted((run / "checkpoints").iterdir())[kept:]:
        path.unlink()
    train("tiny_smoother", f"--out={{parts}}", "--checkpoints=9", "--resume")
"""
# How many checkpoints a stopped run has, of those of the steps 2, 3 and 4; its first phase has
# three steps.
STOPS = {"in phase 1": 1, "at the seam": 2, "in phase 2": 3}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project with all additions, in which each was trained, and resumed."""
    copy = tmp_path_factory.mktemp("copy")
    for path in ROOT.iterdir():
        if (path / "__init__.py").exists() and path.name not in ("tests", "benchmarks"):
            ignore = shutil.ignore_patterns("__pycache__", "cache", "samples")
            if path.name == "datasets":
                ignore = shutil.ignore_patterns("__pycache__", "cache")
            shutil.copytree(path, copy / path.name, ignore=ignore)
    _keep_modules_named_cache(copy)
    for source, target in ADDED.values():
        source, target = ADDITIONS / source, copy / target
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif target.exists():
            target.write_text(target.read_text() + source.read_text())
        else:
            target.write_text(source.read_text())
    data = copy / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    for index in range(8):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(data / f"{index}.png")
    script = SCRIPT.format(data=data, copy=copy, stops=tuple(STOPS.values()))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=copy, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(copy)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return copy


def _keep_modules_named_cache(copy: Path) -> None:
    for package in ("datasets", "metrics"):
        assert (copy / package / "cache.py").exists()
    assert not (copy / "datasets" / "cache").exists()


def test_each_addition_is_one_file_or_one_folder(copy):
    changed = []
    for path in sorted(copy.rglob("*.py")):
        name = path.relative_to(copy).as_posix()
        there = ROOT / name
        if not there.exists() or there.read_text() != path.read_text():
            changed.append(name)
    folders = {name.rsplit("/", 1)[0] if "/systems/" in name else name for name in changed}
    assert folders == {target for _, target in ADDED.values()}


def only(folder: Path) -> Path:
    (run,) = folder.iterdir()
    return run


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "losses.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_recipe_trains_with_the_added_loss_and_penalty(copy):
    (first, _) = rows(only(copy / "gan"))
    assert float(first["penalty"]) > 0
    assert "d_zero_share" not in first  # the squared hinge loss names no share


def test_both_phases_are_in_one_log_one_film_and_one_folder(copy):
    run = only(copy / "whole")
    table = rows(run)
    assert [int(row["step"]) for row in table] == [1, 2, 3, 4, 5]
    assert [row["rough"] == "nan" for row in table] == [True, True, True, False, False]
    grids = sorted(path.name for path in (run / "fakes").iterdir())
    assert grids == [f"step-{step:08d}.png" for step in (0, 2, 3, 4, 5)]
    for name in ("smoother.keras", "progress.gif", "losses.png", "reals.png", "recipe.json"):
        assert (run / name).stat().st_size > 0


@pytest.mark.parametrize("kept", STOPS.values(), ids=STOPS)
def test_a_run_resumes_bit_for_bit_in_either_phase_and_between(kept, copy):
    again = copy / f"parts_{kept}"
    files = [max((only(each) / "checkpoints").iterdir()) for each in (copy / "whole", again)]
    whole, parts = (values(path) for path in files)
    assert whole.keys() == parts.keys()
    assert len(whole) > 10
    for name, value in whole.items():
        np.testing.assert_array_equal(value, parts[name], err_msg=name)
    assert rows(only(copy / "whole")) == rows(only(again))


def values(path: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found
