"""The measures of a StyleGAN: several latents at once, path lengths, the report."""

import json
import types

import keras
import numpy as np
import pytest

import datasets
from metrics import extractors
from metrics.errors import MetricError
from models import perceptual
from quality import control
from serving import style_measures
from serving.explore import edits
from serving.style_generator import StyleGenerator
from tests.serving import test_styles


@pytest.fixture(scope="module")
def style():
    return StyleGenerator(test_styles.made())


@pytest.fixture
def extractor(tmp_path):
    """Pictures of 8 px to 6 features."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(6, 3, activation="tanh")]
    keras.Sequential(layers).save(tmp_path / "tiny.keras")
    return extractors.load(str(tmp_path / "tiny.keras"))


def test_several_latents_take_turns_from_random_layers_on():
    """A stand-in whose styles are the latents' own numbers shows which latent each layer takes."""
    generator = types.SimpleNamespace(
        layers=6,
        recipe=types.SimpleNamespace(latent_dim=1),
        styles=lambda z: np.repeat(np.arange(len(z), dtype=float)[:, None, None], 6, axis=1),
    )
    rng = np.random.default_rng(0)
    for latents in (1, 2, 4):
        made = style_measures.several(generator, 300, latents, rng)[..., 0]
        turns = made - latents * np.arange(300)[:, None]
        assert (turns[:, 0] == 0).all()
        assert (turns[:, -1] == latents - 1).all()
        assert set(np.diff(turns, axis=1).ravel()) <= {0.0, 1.0}
        if latents == 2:
            shares = np.bincount(np.diff(turns, axis=1).argmax(axis=1), minlength=5) / 300
            assert shares.min() > 0.12
    with pytest.raises(MetricError, match="7 latents do not fit into 6 layers"):
        style_measures.several(generator, 2, 7, rng)


def test_path_length_of_a_turn_is_its_speed_squared(monkeypatch):
    """Maps (cos 3x, sin 3x) of a number x: d = (3 ε (b - a))², so the mean is 9 · 2."""
    monkeypatch.setattr(perceptual, "feature_maps", lambda _: lambda x: [x])

    def generate(x):
        angle = 3.0 * x.astype("float64")
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(x), 1, 1, 2)

    recipe = types.SimpleNamespace(latent_dim=1, resolution=16)
    space = types.SimpleNamespace(of_latents=lambda z: z, generate=generate)
    generator = types.SimpleNamespace(recipe=recipe, in_styles=space)
    rng = np.random.default_rng(0)
    assert style_measures.path_length(generator, "w", rng, 20_000) == pytest.approx(18, rel=0.05)


def test_the_report_names_every_measure(style, extractor, monkeypatch, tmp_path):
    names = ("red", "blue", "hat")
    space_labels = datasets.Labels(
        kind="attributes",
        names=names,
        groups={"hair": ("red", "blue")},
        values=np.tile(np.eye(3, dtype="float32"), (20, 1)),
    )
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    data = types.SimpleNamespace(images=images, labels=space_labels, name="toy")
    monkeypatch.setattr(control, "load_judge", lambda *_: types.SimpleNamespace(model=None))

    def seen(judge, pictures, space):
        level = np.asarray(pictures).reshape(len(pictures), -1).mean(axis=1)
        bright = level > np.median(level)
        return np.stack([bright, ~bright, bright], axis=1)

    monkeypatch.setattr(edits, "seen", seen)
    monkeypatch.setattr(style_measures, "PAIRS", 60)
    monkeypatch.setattr(style_measures, "PATHS", 8)
    found = style_measures.measure(style, data, extractor, 40, seed=3)
    assert set(found.values["frechet"]) == {"1", "2", "3", "4"}
    assert all(value > 0 for value in found.values["frechet"].values())
    assert found.values["path_length"]["z"] > 0
    assert set(found.values["levels"]) == {"coarse", "middle"}
    assert "values of the attributes lost, of" in found.text
    for words in ("latents at once", "path length", "follows the styles of", "hair"):
        assert words in found.text, words
    found.write(tmp_path, 0)
    assert json.loads((tmp_path / "held_out_0.json").read_text()) == found.values
