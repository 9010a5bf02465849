"""Every mistake: one line, exit code 2, nothing left behind."""

from __future__ import annotations

import errno

import pytest

from runs import Run

pytestmark = pytest.mark.usefixtures("eagerly")
MISTAKES = {
    "option": (["--resolutoin=64"], "did you mean --resolution?"),
    "argument": (["extra"], "unexpected argument 'extra'"),
    "recipe": (["--recipe=SAGAN_V9"], "Did you mean 'SAGAN_V6'?"),
    "choice": (["--upsample=neerest"], "did you mean nearest?"),
    "precision": (["--precision=float8"], "Known: auto, float32, mixed_bfloat16, mixed_float16"),
    "number": (["--batch-size=four"], "four"),
    "loss": (["--loss=hingee"], "hingee"),
    "penalty": (["--penalty=r9"], "r9"),
    "architecture": (["--architecture=sagam"], "Known:"),
    "resolution": (["--resolution=48"], "power of two"),
    "seed": (["--seed=-1"], "--seed must be a whole number of at least 0 and below 9"),
    "interval": (
        ["--checkpoint-every=0"],
        "--checkpoint-every must be a whole number of at least",
    ),
    "pace": (["--steps-per-execution=2", "--checkpoint-every=5"], "divide --checkpoint-every, wh"),
    "batch": (["--batch-size=17"], "larger than the data (16 pictures"),
    "one domain": (["--domains=a, b"], "--domains is for recipes that translate between two sets"),
    "other folder": (["--data-b=x"], "--data-b is for recipes that translate between two sets"),
    "no folder": (["--data=not/there"], "not/there"),
    "no labels": (["--labels=data"], "has no labels of its own"),
    "no such labels": (["--labels=not/there.csv"], "not/there.csv"),
    "resume nothing": (["--resume"], "no run of recipe SAGAN_V6"),
    "resume unknown": (["--resume=17"], "no run folder 17"),
    "memory": (["--batch-size=16", "--g-filters=512"], "too large for the memory: 1.1 GB needed"),
}


@pytest.mark.parametrize(("options", "says"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_one_line_and_leaves_nothing(train, tmp_path, options, says, monkeypatch):
    monkeypatch.setattr("training.device._free_memory", lambda: 1_000_000_000)
    code, words = train("--recipe=SAGAN_V6", "--steps=2", *options)
    assert code == 2
    errors = [line for line in words.splitlines() if ": error: " in line]
    assert len(errors) == 1
    assert words.splitlines()[-1] == errors[0]
    assert says in errors[0]
    assert "Traceback" not in words
    assert not (tmp_path / "out").exists()


def test_the_memory_that_is_too_little_for_wide_networks_does_for_narrow_ones(train, monkeypatch):
    monkeypatch.setattr("training.device._free_memory", lambda: 1_000_000_000)
    code, words = train("--batch-size=16", "--steps=2", "--dry-run")
    assert code == 0, words


def test_empty_folder_and_one_bad_file(train, tmp_path, pictures):
    (tmp_path / "empty").mkdir()
    code, words = train("--steps=2", f"--data={tmp_path / 'empty'}")
    assert code == 2
    assert "empty" in words
    some = tmp_path / "some"
    some.mkdir()
    for path in list(pictures.iterdir())[:5]:
        (some / path.name).write_bytes(path.read_bytes())
    (some / "broken.png").write_bytes(b"no picture")
    code, words = train("--steps=1", f"--data={some}")
    assert code == 0, words
    assert "left out   1 unusable pictures: broken.png (" in words
    assert "5 pictures of 32" in words


def test_out_that_cannot_be_written(train, tmp_path):
    (tmp_path / "file").write_text("")
    code, words = train("--steps=2", f"--out={tmp_path / 'file'}")
    assert code == 2
    assert "cannot write to --out" in words


def test_failure_before_the_first_step_leaves_no_folder(train, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("models.systems.gan.turns.GAN.fit", fail)
    code, words = train("--steps=2")
    assert code == 2
    assert "out of memory; change --batch-size" in words
    assert list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_tells_what_is_kept(train, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("training.callbacks.loss_plot.LossPlot.on_step", stop)
    code, words = train("--steps=2", "--picture-every=1")
    assert code == 130
    (here,) = (tmp_path / "out").iterdir()
    assert f"interrupted; {here} keeps what was saved" in words
    monkeypatch.setattr("training.session.open_for", stop)
    code, words = train("--steps=2")
    assert code == 130
    assert "interrupted; nothing was trained, nothing is kept" in words
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_run_that_trains_is_not_resumed_twice(train, tmp_path):
    assert train("--steps=2")[0] == 0
    (here,) = (tmp_path / "out").iterdir()
    with Run(here).held():
        code, words = train("--resume", "--steps=3")
        assert code == 2
        assert f"another process trains {here}" in words
        assert train("--resume", "--steps=3", "--dry-run")[0] == 0
    code, words = train("--resume", "--steps=3")
    assert code == 0, words


def test_a_disk_that_fills_up_while_logging(train, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "losses.csv")

    monkeypatch.setattr("training.callbacks.csv_log.CSVLog.on_rows", fail)
    code, words = train("--steps=2")
    assert code == 2
    assert "the disk is full (losses.csv); make room" in words
    assert "Traceback" not in words


def test_unknown_backend(train, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    code, words = train("--steps=2")
    assert code == 2
    assert "known: tensorflow, jax, torch" in words


def test_dry_run_leaves_nothing(train, tmp_path, cache, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(cache.iterdir())
    code, words = train("--steps=2", "--dry-run", "--latent-dim=9")
    assert code == 0
    for part in ("device", "recipe", "precision", "data", "networks", "memory", "time", "dry run"):
        assert part in words
    assert list(tmp_path.iterdir()) == []
    assert set(cache.iterdir()) == before
