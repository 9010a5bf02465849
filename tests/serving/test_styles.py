"""A StyleGAN in use: ψ, mixing, noise, the space w, exports, the verbs of explore.py."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import serving
from console.errors import UserError
from datasets.pixels import to_uint8
from models import files
from models.systems.stylegan.turns import StyleGAN
from serving.commands import explore, generate
from serving.explore import directions, styles
from serving.explore.projection import project
from serving.export import generator_card
from serving.source import Source
from serving.style_generator import StyleGenerator, StyleSpace, level
from tests.models import tiny_growing
from tests.serving import tiny

pytestmark = pytest.mark.usefixtures("eagerly")


def made():
    """A StyleGAN of 16 px as if trained: noise, biases and the average style are not 0."""
    system = StyleGAN(tiny_growing.recipe("stylegan"), seed=3, phase=2)
    rng = np.random.default_rng(0)
    for variable in system.ema_synthesis.variables:
        if len(variable.shape) == 1:
            variable.assign(0.2 * rng.standard_normal(variable.shape))
    system.ema_mapping.get_layer("styles").average.assign(rng.standard_normal(5))
    recipe = system.recipe.to_dict() | {"halvings": 0}
    metadata = {"verb": "generate", "recipe": recipe, "labels": None, "step": 7, "data": "faces"}
    network = system.output("generator")
    return Source(network, tiny_growing.recipe("stylegan"), metadata, Path("generator.keras"))


@pytest.fixture(scope="module")
def source():
    return made()


@pytest.fixture(scope="module")
def style(source):
    return StyleGenerator(source)


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("style") / "generator.keras"
    files.save(source.network, path, source.metadata)
    return path


# === Truncation ===


def test_truncation_is_psi(style):
    whole, half = style.sample(4, seed=1), style.sample(4, seed=1, truncation=0.5)
    np.testing.assert_array_equal(whole.latents, half.latents)
    w = style.in_styles.draw_latents(4, seed=1)
    average = np.array(style.source.network.get_layer("styles").average)
    near = np.repeat((average + 0.5 * (w - average))[:, None], 6, axis=1)
    expected = to_uint8(style.of_styles(near))
    assert np.abs(half.images.astype(int) - expected).max() <= 1
    assert (whole.images != half.images).mean() > 0.3
    style.use_statistics()
    again = style.sample(4, seed=1)
    np.testing.assert_array_equal(again.images, whole.images)  # no ψ is left behind


def test_what_cannot_be(style):
    with pytest.raises(UserError, match="truncation must be above 0 and at most 1"):
        style.sample(1, truncation=1.5)
    with pytest.raises(UserError, match="has no batch norm"):
        style.sample(1, statistics="standing")
    with pytest.raises(UserError, match="unknown statistics 'odd'"):
        style.sample(1, statistics="odd")
    with pytest.raises(UserError, match="was trained without labels"):
        style.sample(1, attributes="blue hair")


# === Styles ===


def test_mixed_styles_take_the_layers_asked_for(style):
    style.use_statistics()
    a, b = (style.styles(style.draw_latents(3, seed)) for seed in (1, 2))
    pictures = [to_uint8(style.of_styles(each)) for each in (a, b)]
    np.testing.assert_array_equal(styles.mixed(style, a, b, (0, 6)), pictures[1])
    np.testing.assert_array_equal(styles.mixed(style, a, a, (2, 4)), pictures[0])
    by_hand = np.concatenate([a[:, :2], b[:, 2:4], a[:, 4:]], axis=1)
    expected = to_uint8(style.of_styles(by_hand))
    np.testing.assert_array_equal(styles.mixed(style, a, b, (2, 4)), expected)
    assert (expected != pictures[0]).mean() > 0.1


def test_the_mixing_sheet_has_both_sources_and_a_block_for_each_level(style):
    page = styles.mixing_sheet(style, [0, 1], [2, 3, 4], ["coarse", "4-5"], seed=1)
    tile = 64 + 2
    assert page.size == (4 * tile + 2, 5 * tile + 2)
    pixels = np.asarray(page)
    at = lambda row, column: pixels[2 + row * tile : 66 + row * tile,  # noqa: E731
                                    2 + column * tile : 66 + column * tile]  # fmt: skip
    assert (at(0, 0) == 255).all()
    known = style.sample(5, seed=1).images.repeat(4, axis=1).repeat(4, axis=2)
    for number, tile_shown in ((2, at(0, 1)), (4, at(0, 3)), (0, at(1, 0)), (1, at(4, 0))):
        np.testing.assert_array_equal(tile_shown, known[number])
    z = style.draw_latents(5, seed=1)
    a, b = style.styles(z[[1]]), style.styles(z[[3]])
    mixed = styles.mixed(style, a, b, (4, 6))[0].repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(at(4, 2), mixed)


@pytest.mark.parametrize(
    ("text", "found"),
    [("coarse", (0, 4)), ("middle", (4, 6)), ("2-5", (2, 6)), ("3", (3, 4))],
)
def test_levels_by_name_and_number(text, found):
    assert level(text, 6) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fine", "'fine' names no layers of this generator, which has 6: 0-5"),
        ("3-6", "'3-6' names no layers"),
        ("4-2", "'4-2' names no layers"),
        ("high", "layers are coarse, middle, fine, or numbers such as 2-5, not 'high'"),
        ("-1", "not '-1'"),
        ("1-", "not '1-'"),
        ("1-" + "9" * 5000, "or numbers such as 2-5, not '1-999"),
    ],
)
def test_layers_that_do_not_exist(text, words):
    with pytest.raises(UserError, match=words.replace("(", r"\(")):
        level(text, 6)


# === Noise ===


def test_noise_off_other_and_kept_again(style):
    style.use_statistics()
    w = style.styles(style.draw_latents(2, seed=1))
    kept = style.of_styles(w)
    style.use_noise(0, strength=0.0)
    none = style.of_styles(w)
    style.use_noise(5)
    other = style.of_styles(w)
    assert np.abs(kept - none).mean() > 0.01
    assert np.abs(kept - other).mean() > 0.01
    style.use_noise()
    np.testing.assert_array_equal(style.of_styles(w), kept)
    page = styles.noise_sheet(style, count=2, draws=3, seed=1)
    np.testing.assert_array_equal(style.of_styles(w), kept)  # the sheet leaves it as it was
    assert page.size[0] == 6 * 66 + 2


# === The space w ===


def test_tools_work_in_styles(style):
    space = style.in_styles
    assert isinstance(space, StyleSpace)
    pictures = space.sample(3, seed=1)
    assert pictures.latents.shape == (3, 5)
    # Two graphs of the same sums, which TensorFlow may round differently.
    same = style.sample(3, seed=1).images
    assert np.abs(pictures.images.astype(int) - same).max() <= 1
    found, values = directions.factorise(space)
    kernels = [np.array(layer.kernel) for layer in style.network.layers
               if layer.name.endswith("_style")]  # fmt: skip
    assert len(kernels) == 6
    changes = sum(((found @ kernel) ** 2).sum(axis=1) for kernel in kernels)
    np.testing.assert_allclose(changes, values, rtol=1e-3)
    assert len(space.interpolate(count=2, steps=3, seed=1).frames) == 6
    low, high = space.bounds()
    w = space.draw_latents(500, seed=4)
    assert (w > low).all()
    assert (w < high).all()
    assert space.search_scale() == pytest.approx(w.std(axis=0).mean(), rel=0.2)


def test_a_picture_of_its_own_is_found_in_styles(style):
    picture = style.sample(1, seed=77).images[0]
    found = project(style.in_styles, picture, steps=60, starts=2, progress=False)
    assert found.latent.shape == (5,)
    assert found.rmse < 0.5 * found.start


# === Exports and commands ===


@pytest.mark.parametrize("form", ["keras", "saved_model", "onnx", "litert"])
def test_exports_take_psi(form, style, tmp_path):
    pytest.importorskip("tensorflow")
    if form == "onnx":
        pytest.importorskip("tf2onnx")
    from serving.export.export import export

    made = export(style, form, tmp_path / form)
    assert made.error < 1e-4
    text = (tmp_path / form / "README.md").read_text()
    # Of the six layers of 16 px all are truncated; the paper's first 8 are of larger networks.
    assert style.layers == 6
    assert "the styles of all 6 layers are drawn towards their average" in text
    inputs = json.loads((tmp_path / form / "model.json").read_text())["inputs"]
    assert ("truncation" in inputs) == (form != "keras")


def test_the_card_counts_the_layers_that_are_truncated():
    source = made()
    style = StyleGenerator(dataclasses.replace(
        source, recipe=dataclasses.replace(source.recipe, truncated_layers=4)
    ))  # fmt: skip
    told = generator_card.inputs_of(style, "onnx")["truncation"]["meaning"]
    assert "the styles of the first 4 layers are drawn towards their average" in told


def test_the_commands_on_a_file(file, tmp_path, capsys):
    assert isinstance(serving.load(file), StyleGenerator)
    run = lambda *words: explore.main([str(word) for word in words])  # noqa: E731
    verbs = {
        "mix": ["--layers", "coarse"],
        "noise": ["--count", 2],
        "walk": ["--rows", 2],
        "interpolate": ["--count", 2, "--steps", 2],
    }
    for verb, more in verbs.items():
        out = tmp_path / f"{verb}.{'gif' if verb == 'interpolate' else 'png'}"
        code = run(verb, file, *more, "--truncation", 0.7, "--out", out)
        assert code == 0, capsys.readouterr().err
        assert Image.open(out).size[0] > 100
    # Through pixel norm the first layer is not linear in z.
    assert run("walk", file, "--space", "z", "--out", tmp_path / "z.png") == 2
    assert "is not linear" in capsys.readouterr().err
    options = [str(file), "--count=3", "--truncation=0.5", f"--out={tmp_path / 'made'}"]
    assert generate.main(options) == 0
    assert json.loads((tmp_path / "made" / "pictures.json").read_text())["truncation"] == 0.5
    capsys.readouterr()
    assert run("mix", file, "--layers", "fine", "--out", tmp_path / "no.png") == 2
    assert "names no layers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mix"], "mixing styles is for a stylegan; "),
        (["noise"], "noise is for a stylegan; "),
        (["walk", "--space", "w"], "--space w is for a stylegan; this is a gan"),
    ],
)
def test_other_generators_have_no_styles(words, says, tmp_path, capsys):
    path = tiny.saved(tmp_path)
    verb, *more = words
    assert explore.main([verb, str(path), *more, "--out", str(tmp_path / "x.png")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()
