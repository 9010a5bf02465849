"""What a resumed run finds damaged: what is derived is left out with a word, the rest refused."""

from __future__ import annotations

import json
import random
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from console.errors import UserError
from metrics.collapse import CollapseGuard
from models.systems.gan.turns import GAN
from runs import Run
from runs.rows import read_rows
from tests.models import tiny
from training.callbacks import gif, quality, singular_values
from training.callbacks.collapse_watch import CollapseWatch
from training.callbacks.csv_log import CSVLog
from training.callbacks.loss_plot import plot_losses
from training.going_on import load

pytestmark = pytest.mark.usefixtures("eagerly")


def test_a_run_with_all_that_is_derived_damaged_goes_on(train, tmp_path):
    """Trained for real; each piece is tested further by itself below."""
    assert train("--steps=2", "--picture-every=1")[0] == 0
    (here,) = (tmp_path / "out").iterdir()
    (here / "losses.csv").write_text("step,d_loss\n1,x\n2,3\n")
    (here / "guard.json").write_text("{")
    (here / "singular_values.csv").write_bytes(b"\xff\0")
    (here / "fakes" / "step-00000001.png").write_bytes(b"\x89PNG")
    code, words = train("--steps=3", "--resume", "--picture-every=1")
    assert code == 0, words
    assert f"{here}/losses.csv: lines that cannot be read are left out: 1" in words
    assert "guard.json cannot be read: it is not JSON" in words
    assert "progress.gif leaves out " in words
    assert [row["step"] for row in read_rows(here / "losses.csv")] == [2, 3]
    assert (here / "damaged-losses.csv").read_text() == "step,d_loss\n1,x\n2,3\n"
    assert (here / "losses.png").stat().st_size > 1000
    whole = zipfile.ZipFile(here / "generator.keras").read("model.weights.h5")
    (here / "generator.keras").unlink()  # as if killed after the last step
    code, words = train("--steps=3", "--resume")
    assert code == 0, words
    assert zipfile.ZipFile(here / "generator.keras").read("model.weights.h5") == whole
    assert [row["step"] for row in read_rows(here / "losses.csv")] == [2, 3]
    code, words = train("--steps=3", "--resume")
    assert code == 2
    assert "has done all its 3 steps; to go on give --steps 6" in words
    for name in ("recipe.json", "run.json"):
        whole = (here / name).read_bytes()
        (here / name).write_bytes(whole[:40])
        code, words = train("--steps=4", "--resume", str(here))
        assert code == 2
        assert f"{name} cannot be read: it is not JSON" in words.splitlines()[-1]
        (here / name).write_bytes(whole)


def test_a_sound_log_leaves_no_copy(tmp_path, capsys):
    path = tmp_path / "losses.csv"
    path.write_text("step,loss\n1,2\n2,3\n3")
    log = CSVLog(path, first_step=1)
    log.on_rows([{"step": 2.0, "loss": 5.0}])
    log.close()
    assert path.read_text() == "step,loss\n1,2\n2,5\n"
    assert [each.name for each in tmp_path.iterdir()] == ["losses.csv"]
    assert capsys.readouterr().err == ""


GOOD = CollapseGuard().state()
GUARDS = {
    "empty": "",
    "a list": "[]",
    "a member is missing": json.dumps({k: v for k, v in GOOD.items() if k != "rollbacks"}),
    "another type": json.dumps(GOOD | {"steps": "many"}),
    "no pairs": json.dumps(GOOD | {"measures": [[1]]}),
    "endless": json.dumps(GOOD | {"measures": [[1, 2]]}).replace("[1, 2]", "[Infinity, 2]"),
    "in spectra": json.dumps(GOOD | {"spectra": {"a": [[1.5, 2]]}}),
    "other lengths": json.dumps(GOOD | {"steps": [1], "g_loss": []}),
    "digits": json.dumps(GOOD).replace(": 0", ": " + "9" * 400),
}


@pytest.mark.parametrize("content", GUARDS.values(), ids=GUARDS.keys())
def test_the_watch_begins_anew(tmp_path, content, capsys):
    (tmp_path / "guard.json").write_text(content)
    watch = CollapseWatch(None, tmp_path / "guard.json", tmp_path, 0, 5)
    assert watch.guard == CollapseGuard(max_rollbacks=0)
    words = capsys.readouterr().err
    assert words.endswith("the watch for a collapse begins anew\n")
    assert words.count("\n") == 1


def test_the_watch_goes_on_with_what_it_knew(tmp_path, capsys):
    guard = CollapseGuard()
    guard.losses([1, 2], [0.1, 0.2], [1.0, float("nan")])
    guard.measured(2, 3.0, 0.5)
    guard.singular_values(2, {"a": 1.5})
    (tmp_path / "guard.json").write_text(json.dumps(guard.state()))
    watch = CollapseWatch(None, tmp_path / "guard.json", tmp_path, 0, 2)
    assert str(watch.guard.state()) == str(guard.state())
    assert capsys.readouterr().err == ""


def test_the_film_leaves_out_damaged_grids_and_says_so_once(tmp_path, capsys):
    for step in range(5):
        Image.new("RGB", (20, 20), (50 * step, 0, 0)).save(tmp_path / f"step-{step:08d}.png")
    (tmp_path / "step-00000001.png").write_bytes(b"")
    (tmp_path / "step-00000002.png").write_bytes((tmp_path / "step-00000000.png").read_bytes()[:45])
    Image.new("RGB", (30, 20)).save(tmp_path / "step-00000003.png")
    film = gif.ProgressGIF(tmp_path, tmp_path / "a.gif", 1)
    film.last_step = 4
    film.on_step(4)
    film.on_step(4)
    with Image.open(tmp_path / "a.gif") as made:
        assert made.n_frames == 2
    words = capsys.readouterr().err.splitlines()
    assert [word.split("step-")[1][:8] for word in words] == ["00000003", "00000002", "00000001"]
    assert all(word.startswith("a.gif leaves out ") for word in words)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 100])
def test_a_cut_best_network_is_looked_for_anew(tmp_path, content, capsys):
    run = Run(tmp_path)
    (tmp_path / "quality.csv").write_text("step,distance,kernel\n1,2,2.0\n2,2,x\n3,1,1.0\n")
    run.best().write_bytes(content)
    made = quality.Quality(run, None, 1, 5, ["generator"], None)
    assert made.best == (float("inf"), 0)
    assert "the best network is looked for anew" in capsys.readouterr().err
    assert not run.best().exists()


@pytest.mark.parametrize(
    "content",
    ["", "step\n1\n", "step,a/b\n1,2\n", "step,a/b/1\n1,1e308\n2,-1e308\n", "step,a/b/1\n1,nan\n",
     "step,a/b/1,a/b/1\n1,2,3\n", "\0\0\0", "step,distance\n1,inf\n2,1e308\n"],
)  # fmt: skip
def test_no_table_stops_a_plot(tmp_path, content):
    path, picture = tmp_path / "a.csv", tmp_path / "a.png"
    path.write_text(content)
    watched = SimpleNamespace(share=None, curves={"a/b/1": "G"})
    with np.errstate(over="ignore", invalid="ignore"):
        plot_losses(watched, path, picture)
        singular_values.plot(path, picture)
        quality.plot_quality(path, picture, "FD")


def test_a_checkpoint_with_changed_bytes_is_refused_or_sound(tmp_path):
    gan = GAN(tiny.recipe(), seed=1)
    path = tmp_path / "checkpoint-00000001.weights.h5"
    gan.save_weights(path)
    whole, rng = path.read_bytes(), random.Random(3)
    run = SimpleNamespace(folder=tmp_path, record=lambda: {"version": "0.3.0"})
    refused = []
    for _ in range(25):
        content = bytearray(whole)
        for _ in range(30):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content if rng.random() < 0.8 else content[: rng.randrange(len(content))])
        try:
            load(gan, path, run)
        except UserError as error:
            refused.append(str(error))
    assert len(refused) > 5
    assert {words.partition(" (")[0] for words in refused} == {f"checkpoint {path} cannot be read"}
    assert all(words.endswith("remove it to go on from the one before") for words in refused)
    path.write_bytes(whole)
    load(gan, path, run)
    variable = gan.generator.trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan))
    gan.save_weights(path)
    with pytest.raises(UserError, match=r"is no longer finite\); remove it"):
        load(gan, path, run)
