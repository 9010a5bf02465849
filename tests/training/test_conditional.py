"""Training by label: the noise on labels, the table of control accuracy at the end of a run."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import ImageData, Labels
from models import files, recipes
from models.chance import step_rng
from models.systems.gan.labels import noisy
from models.systems.gan.recipe import GANRecipe
from training import command
from training.inputs import with_labels
from training.settings import Settings

ATTRIBUTES = GANRecipe(name="x", label_kind="attributes", num_labels=4)
CLASSES = GANRecipe(name="x", label_kind="classes", num_labels=5)


def noisy_as(labels, recipe, rng):
    return noisy(labels, recipe.label_kind, recipe.num_labels, recipe.label_noise, rng)


def test_labels_stay_as_they_are_without_noise():
    labels = np.eye(4, dtype="float32")[None]
    assert noisy_as(labels, ATTRIBUTES, step_rng(0, 0)) is labels
    unlabelled = np.zeros((2, 3), "int32")
    assert noisy_as(unlabelled, GANRecipe(name="x", label_noise=0.5), step_rng(0, 0)) is unlabelled


def test_attributes_get_normal_noise_of_the_deviation_asked_for():
    recipe = dataclasses.replace(ATTRIBUTES, label_noise=0.1)
    labels = np.ones((500, 2, 4), "float32")
    found = noisy_as(labels, recipe, step_rng(3, 7))
    assert found.dtype == np.float32
    assert found.mean() == pytest.approx(1.0, abs=0.01)
    assert found.std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(found, noisy_as(labels, recipe, step_rng(3, 7)))
    assert np.abs(found - noisy_as(labels, recipe, step_rng(3, 8))).max() > 0.1


def test_a_share_of_the_classes_is_replaced():
    recipe = dataclasses.replace(CLASSES, label_noise=0.5)
    labels = np.full((4000,), 2, "int32")
    found = noisy_as(labels, recipe, step_rng(0, 0))
    assert found.dtype == np.int32
    counts = np.bincount(found, minlength=5) / 4000
    # Half are dealt anew, a fifth of those to the class that they had.
    np.testing.assert_allclose(counts, [0.1, 0.1, 0.6, 0.1, 0.1], atol=0.03)


def test_recipe_refuses_noise_above_1():
    with pytest.raises(ValueError, match="label_noise must be from 0 to 1, not 2"):
        dataclasses.replace(ATTRIBUTES, label_noise=2)


@pytest.mark.parametrize(
    ("kind", "recipe", "reason"),
    [("cpu", "biggan_cpu", "--recipe BIGGAN_V1"), ("gpu", "BIGGAN_V1", "there is a GPU")],
)
def test_train_biggan_chooses_by_the_device(kind, recipe, reason):
    choice = command.choose_recipe(None, "BIGGAN_V1", kind)
    assert choice.value == recipe
    assert reason in choice.reason


@pytest.fixture
def labelled(tmp_path):
    """24 pictures of one of two hair colours, some with a hat, and their labels in a CSV file."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    lines = ["file,red hair,blue hair,hat"]
    for index in range(24):
        red, hat = index % 2, int(index % 3 == 0)
        pixels = np.full((32, 32, 3), (200 * red, 0, 200 - 200 * red), np.uint8)
        pixels[: 8 * hat] = 255
        Image.fromarray(pixels).save(folder / f"{index}.png")
        lines.append(f"{index}.png,{red},{1 - red},{hat}")
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(lines) + "\n")
    return folder, file


def test_a_run_with_labels_ends_with_the_table(train, labelled, tmp_path):
    folder, file = labelled
    code, words = train(
        f"--data={folder}", f"--labels={file}", "--recipe=BIGGAN_V1", "--steps=2",
        "--control-samples=30", "--attention-resolution=16", default="BIGGAN_V1",
    )  # fmt: skip
    assert code == 0, words
    assert "HAIR COLOUR" in words
    (run,) = (tmp_path / "out").iterdir()
    rows = json.loads((run / "control.json").read_text())
    assert [row["name"] for row in rows] == ["hair colour", "red hair", "blue hair", "hat"]
    assert rows[0]["asked"] == 30
    assert (run / "singular_values.png").exists()
    recipe = json.loads((run / "recipe.json").read_text())
    assert (recipe["label_kind"], recipe["num_labels"]) == ("attributes", 3)
    # Numbers of the attributes of each picture, in the run and in its generator's file.
    examples = ["0 2", "1", "0", "1 2", "0", "1"] * 4
    for labels in (
        json.loads((run / "run.json").read_text())["data"]["labels"],
        files.read_metadata(run / "generator.keras")["labels"],
    ):
        assert sorted(labels["examples"]) == sorted(examples)


def test_a_run_without_labels_is_unconditional(train, pictures, tmp_path):
    code, words = train(
        "--recipe=BIGGAN_V1", "--attention-resolution=16", "--dry-run", default="BIGGAN_V1"
    )
    assert code == 0, words
    assert "attributes" not in words


@pytest.mark.parametrize("folders", [1, 2])
def test_folders_that_are_not_read_as_classes_are_told(train, pictures, tmp_path, folders):
    """In other projects they are classes without a word."""
    data = tmp_path / "data"
    for number, path in enumerate(sorted(pictures.rglob("*.png"))):
        place = data / f"class {number % folders}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / f"{number}.png")
    code, words = train(f"--data={data}", "--dry-run")
    assert code == 0, words
    told = "labels     none; --labels folders makes classes of the 2 sub-folders" in words
    assert told == (folders == 2)
    code, words = train(f"--data={data}", "--dry-run", "--labels=none")
    assert "sub-folders" not in words


def test_a_run_without_labels_does_not_see_those_of_its_data():
    values = np.eye(2, dtype="float32")
    labels = Labels("attributes", ("red hair", "hat"), values)
    images = np.zeros((2, 32, 32, 3), np.uint8)
    data = ImageData(images, labels, "two", "0" * 12, [], [], Path())
    recipe = recipes.load("SAGAN_V6")
    assert with_labels(recipe, data, Settings(labels="auto"))[1].labels is None
    fitted, kept = with_labels(recipe, data, Settings(labels="data"))
    assert (fitted.label_kind, fitted.num_labels) == ("attributes", 2)
    assert kept.labels is labels
    fitted, kept = with_labels(recipes.load("BIGGAN_V1"), data, Settings(labels="auto"))
    assert (fitted.label_kind, fitted.num_labels) == ("attributes", 2)  # it expects some
    assert kept.labels is labels
