"""GAN-train on discs whose labels are plain: what good, mislabelled and monotonous fakes teach."""

import dataclasses

import numpy as np
import pytest

from console.errors import UserError
from quality import gan_train
from tests.quality.test_control import SIZE, discs, labels_at_random, pictures_of


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return discs(500, tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Fewer steps: discs are easy."""
    monkeypatch.setattr(gan_train.classifier, "MOST", 2_000)


def by_name(rows):
    return {row.name: row for row in rows}


def test_fakes_like_reals_teach_as_much(data):
    rng = np.random.default_rng(1)
    asked = labels_at_random(200, rng)
    found = by_name(gan_train.measure(pictures_of(asked, rng), asked, data))
    assert list(found) == ["colour", "red", "green", "blue", "hat"]
    unseen = gan_train.classifier.split(500)[1]
    assert found["hat"].reals == data.labels.values[unseen, 3].sum()
    assert found["colour"].on_fakes > 0.9
    assert found["colour"].on_reals > 0.9
    assert 0.2 < found["colour"].chance < 0.5
    assert found["hat"].on_fakes > 0.9


def test_fakes_with_wrong_labels_teach_nothing_right(data):
    rng = np.random.default_rng(1)
    asked = labels_at_random(200, rng)
    wrong = asked[:, [1, 2, 0, 3]]  # the colours have each other's names
    found = by_name(gan_train.measure(pictures_of(asked, rng), wrong, data))
    assert found["colour"].on_fakes < 0.1
    assert found["colour"].on_reals > 0.9
    assert found["hat"].on_fakes > 0.9


def test_both_train_on_as_many_pictures_for_as_long(data, monkeypatch):
    seen = []
    train = gan_train.classifier.train

    def spy(images, labels, space, seed, epochs, watch):
        seen.append((len(images), epochs, seed))
        return train(images, labels, space, seed, 1, watch)

    monkeypatch.setattr(gan_train.classifier, "train", spy)
    rng = np.random.default_rng(1)
    asked = labels_at_random(200, rng)
    gan_train.measure(pictures_of(asked, rng), asked, data, seed=3)
    assert seen == [(200, 30, 3)] * 2  # 3 epochs of 2 000


def test_no_labels_and_too_few_reals_are_refused(data):
    asked = labels_at_random(460, np.random.default_rng(0))
    pictures = np.zeros((460, SIZE, SIZE, 3), "uint8")
    with pytest.raises(UserError, match="'discs' has none"):
        gan_train.measure(pictures, asked, dataclasses.replace(data, labels=None))
    with pytest.raises(UserError, match="has 450 to train on, not 460; ask for fewer"):
        gan_train.measure(pictures, asked, data)


def test_the_table(tmp_path):
    rows = [
        gan_train.Row("colour", "colour", 9, 0.5, 0.75, 1 / 3),
        gan_train.Row("hat", "", 2, 0.625, 1.0, 0.5),
    ]
    gan_train.write(rows, tmp_path / "table.md")
    assert (tmp_path / "table.md").read_text() == (
        "| attribute | reals | accuracy | trained on reals | chance |\n|---|---:|---:|---:|---:|\n"
        "| COLOUR | 9 | 50.0% | 75.0% | 33.3% |\n| hat | 2 | 62.5% | 100.0% | 50.0% |\n"
    )
