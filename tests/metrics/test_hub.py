"""Networks of KerasHub: what they get and give, with a stand-in of the package."""

import sys
from types import ModuleType, SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from metrics import extractors, hub
from metrics.errors import MetricError
from metrics.resize import Resize
from serving.commands import evaluate

asked = []


class Backbone:
    """Answers with what it is given, so that the preparation can be seen."""

    def __init__(self):
        self.weights = [keras.Variable(np.arange(3.0), dtype="float32")]

    @classmethod
    def from_preset(cls, preset, **options):
        asked.append((cls.__name__, preset, options))
        if preset == "absent":
            raise ValueError("no such preset.\nmore words")
        return cls()


class DINOV2Backbone(Backbone):
    def __call__(self, inputs):
        colours = inputs["images"][:, 0, 0]
        return ops.stack([colours, 0 * colours], axis=1)


class CLIPBackbone(Backbone):
    def get_vision_embeddings(self, pictures):
        return 3.0 * pictures[:, 5, 7]


@pytest.fixture
def package(monkeypatch):
    asked.clear()
    module = ModuleType("keras_hub")
    module.models = SimpleNamespace(DINOV2Backbone=DINOV2Backbone, CLIPBackbone=CLIPBackbone)
    monkeypatch.setitem(sys.modules, "keras_hub", module)


PICTURES = np.zeros((2, 40, 30, 3), "uint8")
PICTURES[0], PICTURES[1] = (255, 0, 128), (10, 20, 30)


def test_dinov2_gets_pictures_as_its_authors_give_them(package):
    """224 pixels, ImageNet's means and deviations; the class token is the feature."""
    extractor = extractors.load("dinov2")
    assert asked == [("DINOV2Backbone", "dinov2_large", {"image_shape": (224, 224, 3)})]
    assert extractor.measure_name("frechet") == "FD-dinov2@224"
    found = extractors.extract(extractor, PICTURES).pool
    expected = (PICTURES[:, 0, 0] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    other = Backbone()
    other.weights[0].assign([3.0, 1.0, 2.0])
    assert len({extractor.weights_sha256, hub._digest(other), hub._digest(Backbone())}) == 2
    assert not extractor.is_clip


@pytest.mark.parametrize("name", ["dinov2", "clip"])
def test_pictures_are_enlarged_as_pillow_does(package, name):
    """Both authors' code resizes with Pillow, to bytes: edges do not overshoot."""
    pictures = np.random.default_rng(0).choice([0, 90, 255], (2, 24, 32, 3)).astype("uint8")
    extractor = extractors.load(name)
    enlarged = Resize(extractor.resize, extractor.size)(pictures)
    expected = [
        np.asarray(Image.fromarray(each).resize(extractor.size, Image.Resampling.BICUBIC))
        for each in pictures
    ]
    found = np.asarray(enlarged)
    assert {found.min(), found.max()} == {0, 255}
    np.testing.assert_allclose(found, expected, atol=1)
    assert (found != expected).mean() < 1e-3  # Pillow's weights have 22 bits


def test_clips_embeddings_have_length_1(package):
    extractor = extractors.load("clip", preset="mine")
    assert asked == [("CLIPBackbone", "mine", {})]
    assert extractor.measure_name("frechet") == "FD-clip@336"
    assert extractor.is_clip
    found = extractors.extract(extractor, PICTURES).pool
    mean, deviation = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    expected = (PICTURES[:, 0, 0] / 255 - mean) / deviation
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_what_cannot_be_had_is_one_line(package, monkeypatch):
    with pytest.raises(MetricError, match=r"The preset absent for clip cannot be had: no such pre"):
        hub.build("clip", "absent")
    with pytest.raises(MetricError, match="measures in float32; leave out bfloat16"):
        extractors.load("dinov2", precision="bfloat16")
    monkeypatch.setattr(DINOV2Backbone, "__call__", lambda self, inputs: bad())
    with pytest.raises(MetricError, match="dinov2_large is no network for 224 pixels: of other"):
        hub.build("dinov2")
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(MetricError, match="pip install keras-hub"):
        extractors.load("dinov2")


def bad():
    raise ValueError("of other pictures")


def test_a_preset_that_nothing_reads_is_refused(capsys):
    assert evaluate.main(["RUN", "--preset", "mine"]) == 2
    assert "--preset is read only with --extractor dinov2 or clip" in capsys.readouterr().err


@pytest.mark.parametrize("name", hub.NETWORKS)
def test_the_package_itself(name):
    """A small network of KerasHub, with random weights, gives a row of features a picture."""
    models = pytest.importorskip("keras_hub").models
    small = {"patch_size": 14, "num_layers": 1, "hidden_dim": 8, "num_heads": 2,
             "intermediate_dim": 16}  # fmt: skip
    chosen = hub.NETWORKS[name]
    shape = (chosen.size, chosen.size, 3)
    if name == "dinov2":
        backbone = models.DINOV2Backbone(**small, image_shape=shape)
    else:
        text = models.CLIPTextEncoder(100, 8, 8, 1, 2, 16)
        backbone = models.CLIPBackbone(
            models.CLIPVisionEncoder(**small, image_shape=shape), text, projection_dim=6
        )
    found = chosen.features(backbone, keras.Input(shape))
    assert tuple(found.shape) == (None, 8 if name == "dinov2" else 6)
