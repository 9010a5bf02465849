"""Batches: a pure function of seed and step, fresh for every step, made ahead in a thread."""

from __future__ import annotations

import dataclasses
import hashlib
import threading

import numpy as np
import pytest

import datasets
from models import recipes
from models.chance import step_rng
from models.systems.gan.preview import preview
from training.feed import Feed, Prefetch


def data(count=10, labels=None):
    images = np.arange(count * 8 * 8 * 3, dtype=np.int64).reshape(count, 8, 8, 3)
    images[:, 0, 0, 0] = np.arange(count)  # tells the pictures apart
    return datasets.ImageData(images.astype(np.uint8), labels, "tiny", "0" * 12, [], [], None)


def attributes(count=10):
    values = np.zeros((count, 4), np.float32)
    values[np.arange(count), np.arange(count) % 3] = 1  # hair: one of three
    values[:, 3] = np.arange(count) % 2  # smile
    names = ("red hair", "blue hair", "pink hair", "smile")
    return datasets.Labels("attributes", names, values, {"hair colour": names[:3]})


RECIPE = dataclasses.replace(recipes.load("SAGAN_V6"), batch_size=4, latent_dim=5, d_steps=2)


def test_batch_layout_and_fresh_reals_for_every_d_step():
    feed = Feed(data(), RECIPE, seed=7)
    seen = []
    for step in range(5):
        batch = feed.batch(step)
        assert batch["images"].shape == (4, 2, 8, 8, 3)
        assert batch["images"].dtype == np.uint8
        assert batch["labels"].shape == (4, 2)
        assert batch["labels"].dtype == np.int32
        assert batch["latents"].shape == (4, 3, 5)
        assert batch["latents"].dtype == np.float32
        assert batch["fake_labels"].shape == (4, 3)
        assert batch["mix"].shape == (4, 2)
        assert batch["mix"].dtype == np.float32
        assert 0 <= batch["mix"].min() < batch["mix"].max() < 1
        seen += [*batch["images"][:, 0, 0, 0, 0], *batch["images"][:, 1, 0, 0, 0]]
    # 5 steps × 2 D steps × 4 pictures = 4 epochs of 10: every picture exactly 4 times.
    assert np.bincount(seen).tolist() == [4] * 10


def test_a_batch_depends_on_seed_and_step_alone():
    feed, other = Feed(data(), RECIPE, seed=7), Feed(data(), RECIPE, seed=8)
    later = feed.batch(3)
    again = Feed(data(), RECIPE, seed=7).batch(3)
    assert all(np.array_equal(later[name], again[name]) for name in later)
    for name in ("latents", "mix", "images"):
        assert not np.array_equal(later[name], feed.batch(4)[name])
        assert not np.array_equal(later[name], other.batch(3)[name])


def digest(batch):
    """Of the bytes, shapes and types of the five arrays that every batch has."""
    found = hashlib.sha256()
    for name in ("images", "labels", "latents", "fake_labels", "mix"):
        found.update(f"{name}{batch[name].dtype}{batch[name].shape}".encode())
        found.update(np.ascontiguousarray(batch[name]).tobytes())
    return found.hexdigest()[:16]


def test_batches_are_those_of_the_first_version():
    """So that old runs go on; digests of the batches of the version before g_batch_factor."""
    assert digest(Feed(data(), RECIPE, seed=7).batch(3)) == "c9a9a21e4316a9b2"
    noisy = dataclasses.replace(RECIPE, label_kind="attributes", num_labels=4, label_noise=0.1)
    found = Feed(data(labels=attributes()), noisy, seed=7).batch(3)
    assert digest(found) == "00911e43e0950ec9"
    assert "noise" not in found


def test_noise_is_drawn_where_asked_for_and_changes_nothing_else():
    recipe = dataclasses.replace(RECIPE, resolution=8, dequantize=True)
    feed = Feed(data(), recipe, seed=7)
    batch = feed.batch(3)
    assert digest(batch) == "c9a9a21e4316a9b2"
    assert batch["noise"].shape == batch["images"].shape
    assert batch["noise"].dtype == np.uint8
    assert len(np.unique(batch["noise"])) > 240  # of 256, in 1 536 draws
    assert (batch["noise"] != feed.batch(4)["noise"]).any()


def test_columns_of_fakes():
    """Two D steps with three fakes a real picture, then a G step of four batches."""
    recipe = dataclasses.replace(
        RECIPE, fakes_per_real=3, g_batch_factor=4, resolution=8, dequantize=True
    )
    feed = Feed(data(), recipe, seed=7)
    batch = feed.batch(0)
    assert batch["latents"].shape == (4, 10, 5)
    assert batch["fake_labels"].shape == (4, 10)
    assert len(np.unique(batch["latents"])) == 4 * 10 * 5
    rows = np.array([3, 1])
    part = Feed(data(), recipe, seed=7, rows=rows).batch(0)
    assert all(np.array_equal(part[name], batch[name][rows]) for name in batch)


def test_mirror_shows_about_half_of_the_pictures_mirrored():
    """Each picture of each batch is one of the data's, as it is or from right to left."""
    source = data()
    counts = {False: [0, 0], True: [0, 0]}
    for mirror, count in counts.items():
        feed = Feed(source, dataclasses.replace(RECIPE, mirror=mirror), seed=7)
        for step in range(20):
            for image in feed.batch(step)["images"].reshape(-1, 8, 8, 3):
                plain = any((image == each).all() for each in source.images)
                turned = any((image == each[:, ::-1]).all() for each in source.images)
                assert plain != turned
                count[turned] += 1
    assert counts[False] == [160, 0]
    assert 55 <= counts[True][1] <= 105  # four deviations around 80


def test_fake_labels_are_rows_of_the_data():
    labels = attributes()
    recipe = dataclasses.replace(RECIPE, label_kind="attributes", num_labels=4)
    batch = Feed(data(labels=labels), recipe, seed=0).batch(0)
    assert batch["labels"].shape == (4, 2, 4)
    assert batch["fake_labels"].shape == (4, 3, 4)
    rows = {tuple(row) for row in labels.values}
    assert {tuple(row) for row in batch["fake_labels"].reshape(-1, 4)} <= rows


def test_prefetch_gives_the_steps_asked_for_in_order_and_ends_its_thread():
    feed = Feed(data(), RECIPE, seed=7)
    with Prefetch(feed, 3, 9) as batches:
        found = [batch["latents"] for (batch,) in batches]
    assert len(found) == 6
    expected = [feed.batch(step)["latents"] for step in range(3, 9)]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    with Prefetch(feed, 0, 10**6) as batches:
        next(batches)
    assert next(batches, None) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "feed"]


def test_an_error_in_the_thread_reaches_the_training():
    feed = Feed(data(), RECIPE, seed=7)
    feed.batch = lambda step: 1 // 0
    with Prefetch(feed, 0, 3) as batches, pytest.raises(ZeroDivisionError):
        next(batches)


class Shown:
    """Stands in for a GAN: keeps what a preview asks it for."""

    def __init__(self, recipe, labels, seed, rows, columns=8):
        made = preview(recipe, labels, step_rng(seed, 0), rows, columns)
        self.columns, self.captions = made.columns, made.captions
        made.draw(self)

    def sample(self, latents, labels=None):
        self.latents, self.labels = latents, labels


def test_preview_without_labels_has_as_many_latents_as_pictures():
    shown = Shown(RECIPE, None, seed=0, rows=2, columns=3)
    assert shown.latents.shape == (6, 5)
    assert shown.columns == 3
    assert len(np.unique(shown.latents[:, 0])) == 6
    assert shown.labels is None
    same = Shown(RECIPE, None, seed=0, rows=2, columns=3)
    assert np.array_equal(shown.latents, same.latents)
    other = Shown(RECIPE, None, seed=1, rows=2, columns=3)
    assert not np.array_equal(shown.latents, other.latents)


def test_preview_with_attributes_has_hair_colours_in_columns_and_latents_in_rows():
    recipe = dataclasses.replace(RECIPE, label_kind="attributes", num_labels=4)
    shown = Shown(recipe, attributes(), seed=0, rows=5)
    assert shown.captions == ("red", "blue", "pink")
    table = shown.labels.reshape(5, 3, 4)
    assert np.array_equal(table[:, :, :3], np.broadcast_to(np.eye(3), (5, 3, 3)))
    assert (table[:, :, 3] == table[:, :1, 3]).all()  # the rest is that of the row
    latents = shown.latents.reshape(5, 3, 5)
    assert (latents == latents[:, :1]).all()
    assert len(np.unique(latents[:, 0, 0])) == 5


def test_preview_with_classes_has_classes_in_columns():
    labels = datasets.Labels("classes", ("cat", "dog"), np.array([0, 1, 1], np.int32), {})
    recipe = dataclasses.replace(RECIPE, label_kind="classes", num_labels=2)
    shown = Shown(recipe, labels, seed=0, rows=3)
    assert shown.captions == ("cat", "dog")
    assert shown.labels.tolist() == [0, 1] * 3
