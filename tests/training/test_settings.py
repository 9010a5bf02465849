"""Every setting, and every field of a run's record, reaches its end."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import pkgutil
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from models import files
from models.version import VERSION
from runs import checkpoints as names
from runs.rows import read_rows
from tests.quality.planned import Planned
from training import estimate, settings

pytestmark = pytest.mark.usefixtures("eagerly")
# What differs from the defaults in `test_what_was_asked_for_is_done`, all at once.
ASKED = {
    "count": 12, "seed": 5, "picture_every": 3, "picture_rows": 1, "picture_columns": 3,
    "quality_every": 2, "quality_samples": 7, "checkpoint_every": 2, "checkpoints": 2,
    "precision": "mixed_bfloat16", "workers": 1,
}  # fmt: skip

# Who is random in a run.
SEEDED = (
    "models.system.System.__init__",
    "training.feed.Feed.__init__",
    "training.device.make_repeatable",
    "training.output.step_rng",
)

# The end of each setting: the test that changes it and sees a difference there.
ENDS = {
    "data": "training.test_settings:test_what_was_asked_for_is_done",
    "data_b": "training.test_domains:test_two_folders",
    "domains": "training.test_domains:test_labels_part_one_set",
    "labels": "training.test_conditional:test_a_run_with_labels_ends_with_the_table",
    "captions": "training.test_stackgan:test_other_captions_do_not_go_on",
    "vectors": "training.test_stackgan:test_own_vectors",
    "count": "training.test_settings:test_what_was_asked_for_is_done",
    "only": "training.test_only:test_a_run_sees_those_pictures_alone",
    "cache_dir": "training.test_settings:test_what_was_asked_for_is_done",
    "workers": "training.test_settings:test_workers_draw_the_pictures",
    "from_": "training.test_finetuning:test_a_run_begins_with_the_networks_of_another",
    "precision": "training.test_settings:test_what_was_asked_for_is_done",
    "distribute": "training.test_distribute:test_resume_on_another_number_of_devices",
    "seed": "training.test_settings:test_the_seed_is_everybodys",
    "steps_per_execution": "training.test_run:test_steps_per_execution_changes_nothing_but_the_log",
    "memory_check": "training.test_settings:test_memory_check_off_tries",
    "out": "training.test_settings:test_what_was_asked_for_is_done",
    "picture_every": "training.test_settings:test_what_was_asked_for_is_done",
    "picture_rows": "training.test_settings:test_what_was_asked_for_is_done",
    "picture_columns": "training.test_settings:test_what_was_asked_for_is_done",
    "quality_every": "training.test_settings:test_what_was_asked_for_is_done",
    "quality_samples": "training.test_settings:test_what_was_asked_for_is_done",
    "rollbacks": "quality.test_during_runs:test_every_return_halves_the_learning_rates_again",
    "control_samples": "training.test_conditional:test_a_run_with_labels_ends_with_the_table",
    "checkpoint_every": "training.test_settings:test_what_was_asked_for_is_done",
    "checkpoints": "training.test_settings:test_what_was_asked_for_is_done",
}

# What `run.json` holds of the run below.
RECORDED = {
    "version": lambda record, where: VERSION,
    "commit": lambda record, where: checked_out(record["commit"]),
    "settings": lambda record, where: {
        **dataclasses.asdict(settings.Settings()), **ASKED,
        "data": str(where.data), "cache_dir": str(where.cache), "out": str(where.out),
    },
    "overrides": lambda record, where: where.overrides,
    "precision": lambda record, where: "mixed_bfloat16",
    "seed": lambda record, where: 5,
    "backend": lambda record, where: keras.backend.backend(),
    "judge": lambda record, where: "lite0",
    "data": lambda record, where: {
        "name": "tiny", "count": 12, "labels": None,
        "fingerprint": next(where.cache.glob("tiny-32-*")).name.rsplit("-", 1)[1],
    },
    "versions": lambda record, where: {
        "python": platform.python_version(),
        **{name: version(name) for name in record["versions"] if name != "python"},
    },
}  # fmt: skip


def checked_out(found):
    """`found`, if it names the commit that this project has checked out, or if there is none."""
    git = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(git, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    if done.returncode or not (Path(__file__).parents[2] / ".git").exists():
        return None
    commit = done.stdout.strip()
    return found if found in (commit, f"{commit}-dirty") else commit


@dataclasses.dataclass
class Where:
    data: object
    cache: object
    out: object
    folder: object
    overrides: dict
    seeds: dict  # by who was given one


def test_every_setting_has_a_test_at_its_end():
    fields = [field.name for field in dataclasses.fields(settings.Settings)]
    assert sorted(ENDS) == sorted(fields)
    for test in ENDS.values():
        module, name = test.split(":")
        assert callable(getattr(importlib.import_module(f"tests.{module}"), name))
    here = {name for name, test in ENDS.items() if test.endswith("what_was_asked_for_is_done")}
    assert here < {"data", "cache_dir", "out", *ASKED}
    for name, value in ASKED.items():
        assert value != getattr(settings.Settings(), name), name


@pytest.fixture(scope="module")
def done(pictures, tmp_path_factory):
    """A run of six steps with `ASKED`, its measurements planned."""
    from training import cli

    out, cache = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("cache")
    overrides = {"resolution": 32, "g_filters": 16, "d_filters": 8, "latent_dim": 8,
                 "batch_size": 4, "g_learning_rate": 0.0003}  # fmt: skip
    Planned.distances = {2: 5.0, 4: 3.0, 6: 4.0}
    measured, seeds = [], {}

    class Counted(Planned):
        def __init__(self, data, system, seed, count, judge):
            super().__init__(data, system, seed, count, judge)
            measured.append((len(data["images"].images), seed, count, judge))

    def told(place):
        """Note the argument `seed` of what stands at `place`, and go on as ever."""
        original = pkgutil.resolve_name(place)

        @functools.wraps(original)
        def spy(*given, **named):
            bound = inspect.signature(original).bind(*given, **named).arguments
            seeds.setdefault(place, set()).add(bound["seed"])
            return original(*given, **named)

        return spy

    where = {"data": pictures, "cache_dir": cache, "out": out, "steps": 6}
    options = [
        f"--{name.replace('_', '-')}={value}" for name, value in (ASKED | where | overrides).items()
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.output.QualityMeasure", Counted)
        for place in SEEDED:
            patch.setattr(place, told(place))
        assert cli.run("SAGAN_V6", options) == 0
    (folder,) = out.iterdir()
    assert measured == [(12, 5, 7, "lite0")]
    return Where(pictures, cache, out, folder, overrides, seeds)


def test_what_was_asked_for_is_done(done):
    folder = done.folder
    assert folder.name == "00000-SAGAN_V6-tiny"  # out, data
    (cache,) = done.cache.iterdir()
    assert np.load(cache / "images.npy").shape == (12, 32, 32, 3)  # cache_dir, count
    kept = [names.step_of(path) for path in names.plain(folder / "checkpoints")]
    assert kept == [4, 6]
    assert [row["step"] for row in read_rows(folder / "quality.csv")] == [2, 4, 6]
    fakes = sorted((folder / "fakes").iterdir())
    assert [path.name for path in fakes] == [f"step-{step:08d}.png" for step in (0, 3, 6)]
    assert Image.open(fakes[0]).size == (3 * 34 + 2, 34 + 2)  # columns, rows
    generator, _ = files.load(folder / "generator.keras")
    assert generator.get_layer("stage_0").compute_dtype == "bfloat16"


def test_the_seed_is_everybodys(done):
    """A first generator draws grey, whatever its latents: so who was given which seed is asked."""
    assert done.seeds == {place: {5} for place in SEEDED}


def test_the_record_is_what_was_asked_for_and_found(done):
    record = json.loads((done.folder / "run.json").read_text())
    assert record.keys() == RECORDED.keys()
    for name, expected in RECORDED.items():
        assert record[name] == expected(record, done), name
    assert {"keras", "numpy", "pillow"} < record["versions"].keys()


def test_generators_carry_what_they_were_made_of(done):
    record = json.loads((done.folder / "run.json").read_text())
    expected = {
        "recipe": json.loads((done.folder / "recipe.json").read_text()),
        "verb": "generate",
        "title": "",
        "labels": None,
        "data": "tiny",
        "data_fingerprint": record["data"]["fingerprint"],
        "precision": "mixed_bfloat16",
    }
    final = files.read_metadata(done.folder / "generator.keras")
    best = files.read_metadata(done.folder / "best_generator.keras")
    assert final == {**expected, "step": 6}
    assert best.pop("passport")["subject"] == {"step": 4}
    assert best == {**expected, "step": 4}


def test_memory_check_off_tries(train, monkeypatch):
    monkeypatch.setattr("training.device._free_memory", lambda: 1_000_000)
    code, words = train("--steps=1", "--dry-run")
    assert code == 2
    assert "too large for the memory" in words
    code, words = train("--steps=1", "--dry-run", "--memory-check=off")
    assert code == 0, words


def test_workers_draw_the_pictures(train, tmp_path, monkeypatch):
    from datasets import drawing

    asked, draw_all = [], drawing.draw_all

    def spy(file, offset, items, render, resolution, workers, *more, **options):
        asked.append(workers)
        return draw_all(file, offset, items, render, resolution, 1, *more, **options)

    monkeypatch.setattr(drawing, "draw_all", spy)
    for workers in (3, 0):
        train("--dry-run", f"--workers={workers}", "--steps=1")
    assert asked == [3, None]  # none: one per core


def test_estimate_is_asked_for_the_devices_of_the_plan(train, monkeypatch):
    seen, original = [], estimate.estimate
    monkeypatch.setattr(
        estimate, "estimate", lambda gan, *how: (seen.append(how), original(gan, *how))[1]
    )
    for more in ([], ["--quality-every=1"]):
        assert train("--steps=1", "--dry-run", *more)[0] == 0
    assert seen == [("cpu", 1, False), ("cpu", 1, True)]
