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

    def spy(images, labels, space, seed, epochs, watch, **more):
        trained = train(images, labels, space, seed, 1, watch, **more)
        seen.append((len(images), epochs, seed, len(trained.held_out)))
        return trained

    monkeypatch.setattr(gan_train.classifier, "train", spy)
    rng = np.random.default_rng(1)
    asked = labels_at_random(200, rng)
    gan_train.measure(pictures_of(asked, rng), asked, data, seed=3)
    assert seen == [(200, 30, 3, 0)] * 2  # 3 epochs of 2 000, and none is held out of 200


def test_neither_classifier_sees_the_reals_of_the_test(data, monkeypatch):
    """The rows of pictures are told by a pixel that is written into each."""
    images = data.images.copy()
    numbers = np.arange(len(images))
    images[:, 0, 0, 0], images[:, 0, 0, 1] = numbers // 256, numbers % 256
    number_of = lambda x: {256 * int(a) + int(b) for a, b, _ in x[:, 0, 0]}  # noqa: E731
    trained, tested = [], []
    train, predict = gan_train.classifier.train, gan_train.classifier.predict
    monkeypatch.setattr(
        gan_train.classifier,
        "train",
        lambda images, labels, space, seed, epochs, watch, **more: (
            trained.append(number_of(images)),
            train(images, labels, space, seed, 1, watch, **more),
        )[1],
    )
    monkeypatch.setattr(
        gan_train.classifier,
        "predict",
        lambda model, images: (tested.append(number_of(images)), predict(model, images))[1],
    )
    rng = np.random.default_rng(1)
    asked = labels_at_random(200, rng)
    marked = dataclasses.replace(data, images=images)
    gan_train.measure(pictures_of(asked, rng), asked, marked, seed=3)
    assert len(trained[1]) == 200
    assert len(tested[0]) == 50
    assert not trained[1] & tested[0]


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
