"""Control accuracy, from the real pictures to the table, on pictures whose labels are plain."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import datasets
from console.errors import UserError
from models.systems.gan.recipe import GANRecipe
from quality import control

NAMES = ("red", "green", "blue", "hat")
GROUPS = {"colour": ("red", "green", "blue")}
SIZE, LATENT = 16, 4


def draw(labels):
    """A disc of colour on grey, and a white bar above it for a hat: float (N, 16, 16, 3)."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    disc = ((rows - 9) ** 2 + (columns - 8) ** 2 < 25).astype("float32")[..., None]
    bar = ((rows < 3) & (abs(columns - 8) < 5)).astype("float32")[..., None]
    colour = ops.reshape(labels[:, :3] * 1.6 - 0.8, (-1, 1, 1, 3))
    hat = ops.reshape(labels[:, 3:], (-1, 1, 1, 1))
    return (colour * disc) * (1 - bar * hat) + bar * hat


@keras.saving.register_keras_serializable(package="tests")
class Draw(keras.layers.Layer):
    def call(self, labels):
        return draw(labels)

    def compute_output_shape(self, shape):
        return (shape[0], SIZE, SIZE, 3)


@keras.saving.register_keras_serializable(package="tests")
class AsLabels(keras.layers.Layer):
    """Labels read off the latent: whatever was asked for, the picture shows something else."""

    def call(self, z):
        colour = ops.one_hot(ops.argmax(z[:, :3], axis=1), 3)
        return ops.concatenate([colour, ops.cast(z[:, 3:] > 0, "float32")], axis=1)

    def compute_output_shape(self, shape):
        return (shape[0], 4)


def generator(obeys):
    z, y = keras.Input((LATENT,)), keras.Input((4,))
    return keras.Model([z, y], Draw()(y if obeys else AsLabels()(z)))


def labels_at_random(count, rng):
    labels = np.zeros((count, 4), "float32")
    labels[np.arange(count), rng.integers(3, size=count)] = 1
    labels[:, 3] = rng.random(count) < 0.3
    return labels


def pictures_of(labels, rng):
    """uint8 discs with a little noise."""
    noisy = np.array(draw(labels)) + rng.normal(0, 0.05, (len(labels), SIZE, SIZE, 3))
    return datasets.pixels.to_uint8(noisy)


def discs(count, folder):
    """A data set of `count` discs."""
    rng = np.random.default_rng(0)
    labels = labels_at_random(count, rng)
    return datasets.ImageData(
        images=pictures_of(labels, rng),
        labels=datasets.Labels("attributes", NAMES, labels, GROUPS),
        name="discs",
        fingerprint="0" * 12,
        left_out=[],
        notes=[],
        folder=folder,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return discs(800, tmp_path_factory.mktemp("cache"))


RECIPE = GANRecipe(name="discs", latent_dim=LATENT, label_kind="attributes", num_labels=4)


def test_a_generator_that_obeys_scores_100_and_one_that_does_not_scores_chance(data):
    perfect = {row.name: row for row in control.measure(generator(True), RECIPE, data, 600)}
    assert list(perfect) == ["colour", "red", "green", "blue", "hat"]
    for row in perfect.values():
        assert row.accuracy == 1.0, row
        assert row.judge == 1.0, row
    deaf = {row.name: row for row in control.measure(generator(False), RECIPE, data, 600)}
    assert deaf["colour"].chance == pytest.approx(1 / 3, abs=0.02)
    # Five deviations of a share of 600 and of the mean of two of about 180 and 420.
    assert deaf["colour"].accuracy == pytest.approx(1 / 3, abs=0.1)
    assert deaf["hat"].accuracy == pytest.approx(0.5, abs=0.12)
    assert deaf["colour"].judge == 1.0


def test_the_classifier_is_trained_once(data, monkeypatch):
    control.measure(generator(True), RECIPE, data, 50)
    monkeypatch.setattr(control.classifier, "train", None)
    control.measure(generator(True), RECIPE, data, 50)
    kept = list(Path(data.folder).glob("classifier-*.keras"))
    assert len(kept) == 1
    kept[0].write_bytes(b"damaged")
    with pytest.raises(TypeError):  # it would be trained anew
        control.measure(generator(True), RECIPE, data, 50)
    kept[0].unlink()


def test_report_writes_three_files_and_prints_the_table(data, tmp_path, capsys):
    space = control.space_of(data.labels)
    rows = control.control.score(data.labels.values - 0.5, data.labels.values, space)
    control.report(rows, tmp_path)
    assert "COLOUR" in capsys.readouterr().err
    stored = json.loads((tmp_path / "control.json").read_text())
    assert [row["name"] for row in stored] == ["colour", "red", "green", "blue", "hat"]
    assert stored[0]["otherwise"] is None
    assert (tmp_path / "control.md").read_text().startswith("| attribute")
    assert (tmp_path / "control.csv").read_text().startswith("name,group,asked")


def test_data_without_labels_is_refused(data):
    with pytest.raises(UserError, match="needs labels, and 'discs' has none"):
        control.measure(generator(True), RECIPE, dataclasses.replace(data, labels=None))
