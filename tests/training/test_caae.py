"""A CAAE from the command line: both phases in one run, its labels, what it refuses."""

import json

import numpy as np
import pytest
from PIL import Image

import runs
from models import files
from runs.rows import read_rows
from tests.training.running import assert_it_goes_on

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = ["--resolution=16", "--filters=2", "--g-filters=8", "--d-filters=2", "--d-units=8",
        "--latent-dim=6", "--batch-size=4", "--warm-up=2", "--steps=4", "--precision=float32",
        "--workers=1", "--picture-rows=2", "--checkpoint-every=1", "--checkpoints=9"]  # fmt: skip
CSV = "file,age,sex\n" + "".join(
    f"{i}.png,{('20-39', '0-19', '40+')[i % 3]},{'fm'[i % 2]}\n" for i in range(16)
)


@pytest.fixture
def run(train_recipe, tmp_path):
    r"""`run("--steps=3", recipe="caae_g_cpu", table="file,age\n…")` → (exit code, its words)."""

    def call(*options, recipe="caae_g_cpu", table=CSV):
        labels = []
        if table:
            (tmp_path / "labels.csv").write_text(table)
            labels = [f"--labels={tmp_path / 'labels.csv'}"]
        return train_recipe(recipe, TINY, *labels, *options)

    return call


def test_a_users_own_faces_in_both_phases(run, tmp_path):
    code, words = run()
    assert code == 0, words
    assert "phases     warm-up 2 steps, adversarial 2 steps" in words
    assert "16 pictures of 16 × 16 px, 5 attributes, 2 of them held out" in words
    assert "control accuracy" not in words
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    recipe = json.loads((whole / "recipe.json").read_text())
    assert (recipe["ages"], recipe["num_labels"], recipe["second_label"]) == (3, 5, "sex")
    known = json.loads((whole / "run.json").read_text())["data"]["labels"]
    assert known["groups"] == {"age": ["age 0-19", "age 20-39", "age 40+"], "sex": ["f", "m"]}
    network, metadata = files.load(whole / "ager.keras")
    assert [(each.name, tuple(each.shape)) for each in network.inputs] == [
        ("images", (None, 16, 16, 3)), ("age", (None,)), ("sex", (None,)),
    ]  # fmt: skip
    assert (metadata["verb"], metadata["step"]) == ("age", 4)
    assert metadata["labels"]["groups"] == known["groups"]
    assert files.load(whole / "encoder.keras")[0].output_shape == (None, 6)
    rows = read_rows(whole / "losses.csv")
    assert [bool(np.isnan(row["d_code_loss"])) for row in rows] == [True, True, False, False]
    with Image.open(whole / "fakes" / "step-00000004.png") as grid:
        assert grid.size[0] == 4 * 18 + 2  # the picture and three ages
        assert grid.size[1] > 2 * 18 + 2  # two persons, and captions
    assert_it_goes_on(run, whole, 2)  # at the seam


def test_the_plain_recipe_takes_the_age_alone(run, tmp_path):
    code, words = run("--warm-up=0", "--steps=1", recipe="caae_cpu")
    assert code == 0, words
    (here,) = (each.folder for each in runs.runs(tmp_path / "out"))
    network, metadata = files.load(here / "ager.keras")
    assert [each.name for each in network.inputs] == ["images", "age"]
    assert list(metadata["labels"]["groups"]) == ["age"]


def test_drawn_persons_bring_their_labels(run, tmp_path):
    code, words = run("--data=ages", "--count=12", "--steps=3", "--dry-run", table="")
    assert code == 0, words
    assert "data       ages: 5 pictures of 16 × 16 px, 7 attributes" in words, words


@pytest.mark.parametrize(
    ("options", "table", "message"),
    [
        ([], "", "recipe caae_g_cpu needs labels and"),
        (["--data=ages", "--labels=none"], "", "needs labels and --labels none takes them away"),
        (["--data=faces", "--count=8", "--labels=data"], "", "labels but no ages; give --labels"),
        ([], "file,age,sex\n0.png,7,f\n1.png,7,m\n", "all pictures have the same age, 'age 7'"),
        ([], CSV.replace("sex", "hat"), "the data has no label 'sex': it has 'hat'"),
        ([], "file,age\n0.png,1\n1.png,2\n", "no label 'sex': it has the age alone"),
        ([], "file,age,sex\n0.png,1,f\n1.png,2,m\n", "is larger than the data"),
        ([], "file,age,sex\n0.png,,\n", "labels none of the pictures"),
        (["--second-label=age"], CSV, "second_label cannot be 'age'"),
        (["--form=paper", "--code-weight=0"], CSV, "form paper lets the encoder play against D_z"),
        (["--variation-weight=1"], CSV, "variation_weight is read only where form is paper"),
        (["--control-samples=9"], CSV, "of a caae, evaluate.py measures it"),
        (["--rollbacks=1"], CSV, "--rollbacks is for GANs; recipe caae_g_cpu trains a caae"),
        (["--domains=f, m"], CSV, "--domains is for recipes that translate between"),
    ],
)
def test_a_mistake_is_one_line_before_training(options, table, message, run, tmp_path):
    code, words = run(*options, table=table)
    assert code == 2
    assert message in words.splitlines()[-1]
    assert "Traceback" not in words
    assert not runs.runs(tmp_path / "out")


def test_wrong_labels_are_told_before_any_picture_is_read(run, tmp_path):
    code, words = run(f"--cache-dir={tmp_path / 'new'}", table="file,age\n0.png,1\n1.png,2\n")
    assert code == 2
    assert "no label 'sex'" in words
    assert not (tmp_path / "new").exists()
