"""The tagger as ONNX, and illustration2vec's JSON."""

import json

import numpy as np
import pytest
from PIL import Image

from curation import illustration2vec
from curation.tagger import Tagger
from datasets.attributes import ATTRIBUTES
from datasets.errors import DataError
from tests.curation import networks

TAGS = ["blue_hair", "green_hair", "red_hair", "general", "long_hair"]
ORANGE = Image.new("RGB", (20, 20), (255, 128, 0))


def test_channels_are_bgr_from_0_to_255(tmp_path):
    (said,) = Tagger(networks.tagger(tmp_path / "t", TAGS))([ORANGE])
    assert said == {"blue hair": 0.0, "green hair": 0.502, "red hair": 1.0, "long hair": 0.0}
    (said,) = Tagger(networks.tagger(tmp_path / "t", TAGS), "rgb")([ORANGE])
    assert said["blue hair"] == 1.0


def test_33_attributes_are_tags_and_silver_is_not(tmp_path):
    tags = [name.replace(" ", "_") for name in ATTRIBUTES if name != "silver hair"]
    tagger = Tagger(networks.tagger(tmp_path / "t", ["general", *tags]))
    assert len(tagger.columns) == 33
    assert tagger.missing == ["silver hair"]


def test_pictures_of_any_number(tmp_path):
    tagger = Tagger(networks.tagger(tmp_path / "t", TAGS))
    pictures = [Image.new("RGB", (9, 9), (value, 0, 0)) for value in range(0, 90, 10)]
    said = [values["red hair"] for values in tagger(pictures)]
    np.testing.assert_allclose(said, np.arange(0, 90, 10) / 255, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: networks.tagger(t, TAGS, outputs=7), "gives 7 numbers a picture.*has 5 rows"),
        (lambda t: networks.tagger(t, ["1girl", "solo", "sky"]), "none of the 34 attributes"),
        (lambda t: networks.identity(networks.tagger(t, TAGS) / "model.onnx", (1, 3, 8, 8)),
         "not a tagger of the WD family"),
        (lambda t: networks.identity(networks.tagger(t, TAGS) / "model.onnx", (1, 5)),
         "not a tagger of the WD family"),
        (lambda t: (networks.tagger(t, TAGS) / "model.onnx").write_text("x"), "not an ONNX"),
        (lambda t: (networks.tagger(t, TAGS) / "model.onnx").unlink(), "There is no tagger"),
        (lambda t: (networks.tagger(t, TAGS) / "selected_tags.csv").unlink(), "tags is missing"),
        (lambda t: (networks.tagger(t, TAGS) / "selected_tags.csv").write_text("a,b\n1,2\n"),
         "must have a column 'name'"),
        (lambda t: (networks.tagger(t, TAGS) / "selected_tags.csv").write_bytes(b"name\n\xff\n"),
         "tagger's list .* cannot be read: it is not UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_tagger(tmp_path, make, message):
    make(tmp_path / "t")
    with pytest.raises(DataError, match=message) as error:
        Tagger(tmp_path / "t")
    assert "\n" not in str(error.value)


def test_outputs_that_are_no_probabilities(tmp_path):
    tagger = Tagger(networks.tagger(tmp_path / "t", TAGS, gain=1.0))
    with pytest.raises(DataError, match=r"must give probabilities, 0..1; it gives 0 to 255"):
        tagger([ORANGE])

    tagger = Tagger(networks.tagger(tmp_path / "u", TAGS, gain=1.2 / 255))
    with pytest.raises(DataError, match=r"it gives 0 to 1\.2$|it gives 0 to 1\.2\."):
        tagger([ORANGE])
    rounded = Tagger(networks.tagger(tmp_path / "v", TAGS, gain=1.00005 / 255))
    assert rounded([ORANGE])[0]["red hair"] == 1.0001


def test_both_forms_of_illustration2vec(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.json").write_text(json.dumps({"blonde hair": 1, "1girl": 0.9}))
    own = {"general": [["blonde hair", 0.93], ["solo", 0.5], ["smile", 0.2]], "rating": []}
    (tmp_path / "b.json").write_text(json.dumps([own]))
    tags = illustration2vec.read_folder(tmp_path)
    assert tags == {"sub/a": {"blonde hair": 1.0}, "b": {"blonde hair": 0.93, "smile": 0.2}}
    assert illustration2vec.for_picture(tags, "x/b.png") == tags["b"]
    assert illustration2vec.for_picture(tags, "sub/a.jpg") == tags["sub/a"]
    assert illustration2vec.for_picture(tags, "a.jpg") is None
    shared = illustration2vec.shared_names(["x/b.png", "y/b.png", "y/b.jpg", "y/c.png", "y/c.jpg"])
    assert shared == {"b"}
    assert illustration2vec.for_picture(tags, "x/b.png", shared) is None
    assert illustration2vec.for_picture(tags, "b.png", shared) == tags["b"]


def test_what_is_written_can_be_read(tmp_path):
    illustration2vec.write(tmp_path, "sub/a-1.png", {"smile": 0.25})
    assert illustration2vec.read_folder(tmp_path) == {"sub/a-1": {"smile": 0.25}}


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"smile": "much"}', '{"smile": NaN}', "3"])
def test_json_that_is_something_else(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=r"tags in .*a.json"):
        illustration2vec.read_folder(tmp_path)


def test_no_json(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataError, match=r"There is no \.json file"):
            illustration2vec.read_folder(folder)
