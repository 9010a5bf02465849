"""Sentences as vectors: their features, weights by hand, unknown words, the user's own vectors."""

import json
import math

import numpy as np
import pytest

from datasets import DataError, captions, faces
from datasets.text import MOST, TableEncoder, WordEncoder, encoder_of, features
from foreign.records import Unreadable


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a girl with long Blue hair", ["girl", "long", "blue", "long blue", "hair", "blue hair"]),
        ("blue hair, red eyes", ["blue", "hair", "blue hair", "red", "eyes", "red eyes"]),
        ("hair in twintails and a hat", ["hair", "twintails", "hat"]),
        ("She's well-known. Blue, blue!", ["she's", "well-known", "she's well-known", "blue"]),
        ("青い髪 long", ["青い髪", "long", "青い髪 long"]),
        ("with a, and the … !", []),
        ("", []),
    ],
)
def test_features_are_words_and_pairs_within_a_phrase(text, found):
    assert list(features(text)) == found


def test_another_order_of_phrases_has_the_same_features():
    girl = ("blue hair", "long hair", "smile", "glasses", "red eyes")
    told, other = captions.of_attributes(girl)[0], captions.of_attributes(girl, held_out=True)[0]
    assert told != other
    assert set(features(other)) == set(features(told)) - {"girl"}


def test_weights_by_hand():
    """log(4 / count), scaled so that the mean square over the four sentences is 1."""
    encoder = WordEncoder.learn(["cat", "cat, dog", "cat", "cat, owl, dog"])
    assert encoder.features == ("dog", "owl", "cat")  # what all have tells nothing
    plain = np.array([math.log(2), math.log(4), 0.0])
    hits = np.array([[0, 0, 1], [1, 0, 1], [0, 0, 1], [1, 1, 1]])
    scale = 1 / np.sqrt(np.mean((hits * plain) ** 2))
    np.testing.assert_allclose(encoder.weights, scale * plain, rtol=1e-6)
    found = encoder.encode(["owl and a bird", "a dog, a dog", ""])
    expected = scale * plain * [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32


def test_the_most_frequent_features_are_kept():
    texts = [f"w{n}" for n in range(MOST + 10)] + ["w3", "w1", "w3"]
    encoder = WordEncoder.learn(texts)
    assert (encoder.size, encoder.features[:2]) == (MOST, ("w3", "w1"))
    assert WordEncoder.learn(texts, most=1).features == ("w3",)


def test_what_it_knows_of_a_sentence():
    known = [each for row in captions.of_labels(labels(200)) for each in row]
    encoder = WordEncoder.learn(known)
    text = "a girl with long blue hair, rainbow eyes, glases and no hat"
    assert encoder.known(text) == ["girl", "long blue", "blue hair", "eyes", "hat"]
    assert encoder.unknown(text) == ["rainbow", "glases", "no"]
    assert encoder.nearest("glases") == ["glasses"]
    assert encoder.nearest("rainbow") == []
    for row in captions.of_labels(labels(200), held_out=True):
        assert not any(encoder.unknown(each) for each in row)


def labels(count):
    import datasets

    values = faces.labels(count)
    return datasets.Labels("attributes", datasets.ATTRIBUTES, values, dict(datasets.GROUPS))


def test_captions_that_say_all_the_same_are_refused():
    with pytest.raises(DataError, match=r"All 2 captions have the same words \('cat'\)"):
        WordEncoder.learn(["a cat", "the cat"])


def test_an_encoder_survives_its_record():
    encoder = WordEncoder.learn(["cat", "cat, dog", "owl"])
    again = encoder_of(json.loads(json.dumps(encoder.to_dict())))
    np.testing.assert_array_equal(again.encode(["owl, dog"]), encoder.encode(["owl, dog"]))


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "words", "size": 1},
        {"kind": "words", "size": 1, "features": ["a"], "weights": []},
        {"kind": "words", "size": 1, "features": "a", "weights": [1.0]},
        {"kind": "words", "size": 1, "features": ["a"] * 2000, "weights": [1.0] * 2000},
        {"kind": "vectors", "size": "x", "scale": 1.0},
        {"kind": "vectors", "scale": 1.0},
        {"kind": "vectors", "size": 2},
        {"kind": "odd", "size": 3},
        {},
        7,
    ],
)
def test_damaged_records_are_refused(record):
    with pytest.raises(Unreadable, match="text"):
        encoder_of(record)


# === The user's own vectors ===


def saved(folder, **arrays):
    np.savez(folder / "vectors.npz", **arrays)
    return folder / "vectors.npz"


def test_own_vectors_are_looked_up_and_scaled(tmp_path):
    vectors = np.array([[3.0, 0.0], [0.0, 4.0]])
    encoder = TableEncoder.read(saved(tmp_path, texts=np.array(["a", "b"]), vectors=vectors))
    scale = 1 / math.sqrt((9 + 16) / 4)
    np.testing.assert_allclose(encoder.encode(["b", "a"]), scale * vectors[::-1], rtol=1e-6)
    assert encoder.to_dict() == {"kind": "vectors", "size": 2, "scale": pytest.approx(scale)}
    assert encoder_of(encoder.to_dict()) == encoder.to_dict()
    with pytest.raises(DataError, match="no vector for the caption 'c'"):
        encoder.encode(["a", "c"])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"texts": np.array(["a"])}, "holds no array 'vectors'"),
        ({"texts": np.array(["a"]), "vectors": np.zeros((2, 3))}, "must hold texts, N strings"),
        ({"texts": np.array([1]), "vectors": np.ones((1, 3))}, "must hold texts, N strings"),
        ({"texts": np.array(["a"]), "vectors": np.ones((1, 3), int)}, "must hold texts"),
        ({"texts": np.array(["a"]), "vectors": np.full((1, 3), np.nan)}, "not finite"),
        ({"texts": np.array(["a"]), "vectors": np.zeros((1, 3))}, "all are zero"),
        ({"texts": np.array(["a"], object), "vectors": np.ones((1, 3))}, "cannot be read"),
    ],
)
def test_vectors_that_cannot_be_used(arrays, message, tmp_path):
    with pytest.raises(DataError, match=message):
        TableEncoder.read(saved(tmp_path, **arrays))


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "v.npz").write_bytes(b"odd")
    with pytest.raises(DataError, match=r"v\.npz is not a complete \.npz file"):
        TableEncoder.read(tmp_path / "v.npz")
