"""The captions of a step: a picture's own, means of several, and captions that are wrong of it."""

import numpy as np
import pytest

from datasets import DataError, open_data
from datasets.sentences import Sentences
from datasets.text import WordEncoder

CAPTIONS = (
    ("red cat", "a cat"),
    ("blue cat", "a cat", "the blue one"),
    ("red dog",),
    ("a red cat, and a dog",),
)


class Spelled:
    """An encoder whose vectors say which caption they are of."""

    size = 1
    order = tuple(each for row in CAPTIONS for each in row)

    def encode(self, texts):
        return np.array([[self.order.index(text)] for text in texts], np.float32)


def said(vector):
    return Spelled.order[int(vector[0])]


def test_own_captions_and_wrong_ones():
    sentences = Sentences(CAPTIONS, Spelled())
    rng, own, wrong = np.random.default_rng(0), {}, {}
    for _ in range(200):
        batch = sentences.batch([0, 1, 2, 3], rng)
        for row in range(4):
            own.setdefault(row, set()).add(said(batch["text"][row]))
            wrong.setdefault(row, set()).add(said(batch["wrong"][row]))
    for row, texts in enumerate(CAPTIONS):
        assert own[row] == set(texts)
    # "the blue one" has a word that picture 0 lacks; "a cat" of picture 1 is true of it.
    blue = {"blue cat", "the blue one"}
    assert wrong[0] == {*blue, "red dog", "a red cat, and a dog"}
    assert wrong[1] == {"red cat", "red dog", "a red cat, and a dog"}
    assert wrong[2] == {"red cat", "a cat", *blue, "a red cat, and a dog"}
    assert wrong[3] == {*blue, "red dog"}  # it has a dog, but no red dog


def test_vectors_are_means_of_several_captions_of_one_picture():
    sentences = Sentences(CAPTIONS, Spelled(), together=2)
    rng = np.random.default_rng(0)
    batches = [sentences.batch([0, 1, 2], rng) for _ in range(60)]
    text, wrong = (np.stack([batch[name] for batch in batches]) for name in ("text", "wrong"))
    assert text.shape == (60, 3, 1)
    assert text.dtype == np.float32
    assert set(text[:, 0, 0]) == {0.5}  # both of its captions
    assert set(text[:, 1, 0]) == {1.5, 2.5, 3.0}  # two different ones of three
    assert set(text[:, 2, 0]) == {5.0}  # it has one
    # Of picture 0 a mean is wrong if one of its captions is; never two of different pictures.
    assert set(wrong[:, 0, 0]) == {1.5, 2.5, 3.0, 5.0, 6.0}


def test_a_batch_is_a_function_of_its_numbers():
    sentences = Sentences(CAPTIONS, Spelled(), together=2)
    a, b = (sentences.batch([3, 1], np.random.default_rng(5)) for _ in range(2))
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
    drawn = [sentences.draw(50, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    assert {said(each) for each in drawn[0]} == set(Spelled.order)


def test_where_no_caption_is_wrong_one_is_taken():
    sentences = Sentences((("red cat",), ("cat",)), WordEncoder(["red"], [1.0]))
    batch = sentences.batch([0], np.random.default_rng(0))
    assert batch["wrong"].shape == (1, 1)


def test_captions_of_the_same_words_are_refused():
    with pytest.raises(DataError, match="none is wrong of another picture"):
        Sentences((("red cat",), ("a red cat",)), Spelled())


def test_faces_are_captioned_without_another_cache(tmp_path):
    plain = open_data("faces", 8, count=20, cache_dir=tmp_path, workers=1)
    told = open_data("faces", 8, count=20, cache_dir=tmp_path, workers=1, captions="drawn")
    assert told.folder == plain.folder
    assert told.fingerprint == plain.fingerprint
    assert len(told.captions) == 20
    assert plain.captions is None
    with pytest.raises(DataError, match="'faces' has no captions, or nothing that encodes them"):
        told.sentences(1)
