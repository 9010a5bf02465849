"""What a run says of the version that made it, and how runs of earlier versions go on."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from datasets import Labels
from models import files, recipes
from models.networks import sagan
from models.version import VERSION
from runs import record
from runs.record import commit, judge_of

pytestmark = pytest.mark.usefixtures("eagerly")


def change(path, **values):
    """Rewrite members of a JSON file; those set to `None` are removed."""
    content = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({name: each for name, each in content.items() if each is not None}))


@pytest.fixture
def older(train, tmp_path, monkeypatch):
    """The folder of a run as version 0.1 made them: attention without biases."""
    with monkeypatch.context() as patch:
        plain = sagan.SelfAttention
        patch.setattr(sagan, "SelfAttention", lambda use_bias, **options: plain(**options))
        assert train("--steps=2")[0] == 0
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    change(folder / "run.json", version=None, commit=None)
    change(folder / "recipe.json", g_first_filters=0)
    return folder


def test_a_run_says_which_version_made_it(train, tmp_path):
    code, words = train("--steps=1")
    assert code == 0, words
    record = json.loads((tmp_path / "out/00000-SAGAN_V6-tiny/run.json").read_text())
    assert record["version"] == VERSION == "0.3.0"
    assert record["commit"] == commit()


def test_an_older_run_whose_networks_differ_cannot_go_on(older, train):
    code, words = train("--steps=3", "--resume")
    assert code == 2
    assert "Skipping" not in words
    assert words.splitlines()[-1].endswith(
        f"error: {older} was made by a version before 0.2.0, whose networks differ (attention and "
        "BIGGAN's blocks without biases, other widths of BIGGAN and dcgan_64, a last norm with "
        "labels in sn_resnet): it cannot go on. Its generator files still work; start a new run "
        "without --resume"
    )
    network, _ = files.load(older / "generator.keras")
    assert [v.path for v in network.variables if v.path.endswith("attention/f/bias")] == []


def test_a_run_of_this_version_that_does_not_fit_is_damaged(older, train):
    change(older / "run.json", version=VERSION)
    code, words = train("--steps=3", "--resume")
    assert code == 2
    assert "cannot be read" in words.splitlines()[-1]
    assert "before 0.2.0" not in words


def test_a_damaged_file_of_an_older_run_is_no_other_network(older, train):
    (path,) = (older / "checkpoints").iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    code, words = train("--steps=3", "--resume")
    assert code == 2
    assert "cannot be read" in words.splitlines()[-1]


def test_an_older_run_whose_networks_are_the_same_goes_on_with_its_own_recipe(train, tmp_path):
    alike = "--attention-resolution=0"
    assert train("--steps=2", alike)[0] == 0
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    settings = json.loads((folder / "run.json").read_text())["settings"]
    assert (settings.pop("from_"), settings.pop("only")) == ("", "")  # which it did not know
    change(folder / "run.json", version=None, commit=None, settings=settings)
    change(folder / "recipe.json", g_first_filters=0, beta_2=0.99)  # as if 0.99 was the default
    code, words = train("--steps=3", "--resume", alike)
    assert code == 0, words
    recipe = json.loads((folder / "recipe.json").read_text())
    assert (recipe["beta_2"], recipe["steps"]) == (0.99, 3)
    assert "g_first_filters" not in recipe
    code, words = train("--steps=4", "--resume", alike, "--beta-2=0.9")
    assert code == 2
    assert "beta_2 was 0.99, now 0.9" in words


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_this_projects_own(tmp_path, monkeypatch):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit(tmp_path) is None
    git("init")
    assert commit(tmp_path) is None  # no commit yet
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "first")
    git("tag", "-a", "v1", "-m", "v1")  # annotated: others are not described anyway
    head = git("rev-parse", "HEAD")
    assert commit(tmp_path) == head
    (tmp_path / "file").write_text("two")
    assert commit(tmp_path) == f"{head}-dirty"
    (tmp_path / "inside").mkdir()
    assert commit(tmp_path / "inside") is None
    monkeypatch.setenv("PATH", "")
    assert commit(tmp_path) is None


def test_a_run_keeps_the_judge_that_it_began_with():
    plain, seen = recipes.load("srgan_cpu"), recipes.load("projected")
    assert judge_of({"judge": "lite1"}, plain) == "lite1"
    assert judge_of({"judge": "lite0"}, seen) == "lite0"
    assert [judge_of({}, each) for each in (plain, seen)] == ["lite0", "lite1"]  # as it was
    assert judge_of({"judge": "vgg"}, plain) == "lite0"


def test_a_record_holds_the_names_and_shares_of_the_labels_in_their_order():
    classes = Labels("classes", ("b", "a", "c"), np.array([0, 0, 0, 1], "int32"), {})
    values = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], "float32")
    for labels, shares in (
        (classes, [0.75, 0.25, 0.0]),
        (Labels("attributes", ("red", "hat"), values, {}), [0.75, 0.25]),
    ):
        found = record.labels_of(labels)
        assert (found["names"], found["shares"]) == (list(labels.names), shares)


def test_examples_of_labels_are_from_all_over_the_data():
    values = np.zeros((2_000, 2), "float32")
    values[1_000:, 1] = 1.0
    found = record._examples(Labels("attributes", ("a", "b"), values, {}))
    assert (len(found), found.count("1"), found[0], found[-1]) == (500, 250, "", "1")
