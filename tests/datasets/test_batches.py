import numpy as np
import pytest

from datasets import Batches, DataError, ImageData, Labels


def data(count=10, labels=None):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 8, 8, 3), np.uint8)
    return ImageData(images, labels, "some", "0", [], [], None)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 10])
def test_each_picture_exactly_once_per_epoch(batch_size):
    batches = Batches(data(10), batch_size, seed=1)
    rows = np.concatenate([batches.rows(step) for step in range(30)])
    epochs = rows[: len(rows) // 10 * 10].reshape(-1, 10)
    assert (np.sort(epochs, axis=1) == np.arange(10)).all()
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_a_pure_function_of_seed_and_step():
    forward, backward = Batches(data(), 4, 7, mirror=True), Batches(data(), 4, 7, mirror=True)
    expected = [forward.batch(step)[0] for step in range(20)]
    for step in reversed(range(20)):  # as after a resume: any step, in any order
        np.testing.assert_array_equal(backward.batch(step)[0], expected[step])


def test_another_seed_is_another_order():
    first, second = (np.concatenate([Batches(data(100), 50, seed).rows(s) for s in (0, 1)])
                     for seed in (0, 1))  # fmt: skip
    assert (first != second).mean() > 0.9


def test_the_order_is_the_same_on_every_machine():
    assert Batches(data(10), 10, seed=0).rows(0).tolist() == GOLDEN_ORDER
    assert Batches(data(10), 10, seed=0).rows(5).tolist() == GOLDEN_LATER


def test_the_shuffle_is_global():
    """Every picture comes first about as often as every other."""
    batches = Batches(data(10), 10, seed=3)
    first = np.bincount([batches.rows(step)[0] for step in range(2000)], minlength=10)
    assert ((first > 140) & (first < 260)).all()


def test_images_and_labels_belong_together():
    labels = Labels("classes", tuple("abcdefghij"), np.arange(10, dtype=np.int32))
    some = data(10, labels)
    images, classes = Batches(some, 6, seed=0).batch(3)
    assert classes.dtype == np.int32
    np.testing.assert_array_equal(images, some.images[classes])


def test_without_labels_they_are_zeros():
    labels = Batches(data(), 4, seed=0).batch(0)[1]
    assert labels.dtype == np.int32
    assert labels.tolist() == [0] * 4


def test_mirroring_turns_about_half_and_spares_the_data():
    some = data(100)
    before = some.images.copy()
    batches = Batches(some, 100, seed=0, mirror=True)
    images, rows = batches.batch(0)[0], batches.rows(0)
    plain = (images == some.images[rows]).all((1, 2, 3))
    turned = (images == some.images[rows][:, :, ::-1]).all((1, 2, 3))
    assert (plain ^ turned).all()
    assert 30 < turned.sum() < 70
    np.testing.assert_array_equal(some.images, before)


def test_random_labels_are_rows_of_the_data():
    values = np.eye(3, dtype=np.float32)[[0, 0, 0, 2]]
    some = data(4, Labels("attributes", ("a", "b", "c"), values))
    drawn = Batches(some, 2, seed=0).random_labels(4000, np.random.default_rng(0))
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn.mean(0), [0.75, 0, 0.25], atol=0.03)


@pytest.mark.parametrize(("size", "message"), [(11, "A batch of 11 .* 10 pictures"), (0, "not 0")])
def test_impossible_batch_sizes(size, message):
    with pytest.raises(DataError, match=message):
        Batches(data(10), size, seed=0)


def test_each_stream_is_a_shuffling_and_a_mirroring_of_its_own():
    some = data(100)
    plain, zero, one = (
        Batches(some, 100, 5, True),
        *(Batches(some, 100, 5, True, k) for k in (0, 1)),
    )
    np.testing.assert_array_equal(plain.batch(3)[0], zero.batch(3)[0])
    assert (zero.rows(3) != one.rows(3)).mean() > 0.9
    assert sorted(one.rows(3)) == list(range(100))
    turned = [(batches.batch(3)[0] != some.images[batches.rows(3)]).any((1, 2, 3))
              for batches in (zero, one)]  # fmt: skip
    assert 0.3 < (turned[0] != turned[1]).mean() < 0.7


def test_a_streams_order_is_the_same_on_every_machine():
    assert Batches(data(10), 10, seed=0, stream=1).rows(0).tolist() == GOLDEN_STREAM


GOLDEN_ORDER = [3, 2, 9, 7, 1, 5, 0, 4, 8, 6]
GOLDEN_LATER = [8, 5, 6, 4, 3, 0, 1, 2, 7, 9]
GOLDEN_STREAM = [6, 8, 5, 1, 0, 9, 2, 4, 7, 3]
