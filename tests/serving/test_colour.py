"""A colouring network in use: pictures of any size, films, translate.py, export.py, evaluate.py."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import datasets
import runs
import serving
from metrics import colour_space
from models import files
from models.pixels import to_grey
from models.systems.deoldify.turns import DeOldify
from serving import colouring
from serving.commands import evaluate, export, generate, translate
from tests.models import tiny_deoldify
from tests.serving import tiny
from tests.serving.mistakes import failed

pytestmark = pytest.mark.usefixtures("eagerly")
DATA = 220  # faces, of which a tenth is held out


@pytest.fixture(scope="module")
def system():
    return DeOldify(tiny_deoldify.recipe(), seed=1, phase=2)


@pytest.fixture(scope="module")
def run(system, tmp_path_factory):
    """The folder of a run as if trained on faces, with its colourer."""
    here = runs.create(tmp_path_factory.mktemp("samples"), "deoldify", "faces")
    settings = {"data": "faces", "count": DATA}
    here.write(system.whole_recipe, {"settings": settings, "data": {}, "precision": "float32"})
    metadata = {"verb": "colour", "recipe": system.whole_recipe.to_dict(), "step": 3}
    metadata["title"] = "grey → colour"
    files.save(system.output("colourer"), here.output("colourer"), metadata)
    return here.folder


@pytest.fixture(scope="module")
def colourer(run):
    return serving.load_translator(run)


def test_another_render_size_has_the_same_weights(run, colourer):
    other = serving.load_translator(run, render_size=96)
    assert other.network.inputs[0].shape[1] == 96
    for mine, theirs in zip(other.network.variables, colourer.network.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=mine.path)


def noise(height, width, channels=3, seed=0):
    shape = (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def coloured(*arguments):
    assert translate.main([str(each) for each in arguments]) == 0


def read(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


# === The class ===


def test_pictures_of_any_size_keep_their_luma_and_opacity(colourer, system):
    pictures = [noise(20, 130), noise(64, 64, seed=1), noise(7, 5, 4, seed=2)]
    made = colourer.apply(pictures)
    assert [each.shape for each in made] == [each.shape for each in pictures]
    for old, new in zip(pictures, made, strict=True):
        y = colour_space.luma(old[..., :3])
        assert np.abs(colour_space.luma(new[..., :3]) - y).max() <= 1
    np.testing.assert_array_equal(made[2][..., 3], pictures[2][..., 3])
    assert np.abs(made[1].astype(int) - system.colour(pictures[1][None])[0]).max() <= 1


def test_a_render_size_is_that_of_the_network(run, system):
    wide = serving.load_translator(run, render_size=96)
    assert wide.network.input_shape == (None, 96, 96, 3)
    assert wide.resolution == 96
    picture = noise(64, 64)
    at_96, at_64 = wide.apply([picture])[0], system.colour(picture[None])[0]
    assert (at_96 != at_64).any()
    same = serving.load_translator(run, render_size=64)
    assert np.abs(same.apply([picture])[0].astype(int) - at_64).max() <= 1


def test_grey_copies_are_what_it_restores(colourer):
    truth = noise(8, 8)[None]
    grey = colourer.degraded(truth)
    assert (grey == grey[..., :1]).all()
    expected = np.asarray(Image.fromarray(truth[0]).convert("L"))
    assert np.abs(grey[0, ..., 0].astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(to_grey(grey), grey)


def test_a_sheet_shows_whole_pictures_on_white(colourer):
    before, after = colourer.pair(noise(300, 600), noise(300, 600, seed=1))
    for shown in (before, after):
        assert shown.shape == (256, 256, 3)
        assert (shown[129:] == 255).all()
        assert (shown[:128].mean(axis=2) < 255).mean() > 0.99
    small, _ = colourer.pair(noise(10, 20), noise(10, 20))
    np.testing.assert_array_equal(small[:10, :20], noise(10, 20))


# === translate.py ===


def test_a_folder_of_all_sizes_keeps_names_sizes_and_opacity(run, system, tmp_path, capsys):
    place, out = tmp_path / "in", tmp_path / "out"
    (place / "deep").mkdir(parents=True)
    rgb, glass, grey = noise(90, 140), noise(8, 80, 4), noise(6, 5)[..., 0]
    Image.fromarray(rgb).save(place / "deep" / "a.png")
    Image.fromarray(glass).save(place / "b.png")
    Image.fromarray(grey).save(place / "c.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(place / "d.png")
    Image.fromarray(rgb).convert("LA").save(place / "e.webp", lossless=True)
    (place / "broken.png").write_bytes(b"nothing")
    coloured(run, place, "--out", out, "--sheet", tmp_path / "sheet.png")
    words = capsys.readouterr().err
    assert "colour     grey → colour" in words
    assert "left out   1 that cannot be read" in words
    found = read(out / "deep" / "a.png")
    assert np.abs(found - system.colour(rgb[None])[0]).max() <= 1
    np.testing.assert_array_equal(read(out / "b.png")[..., 3], glass[..., 3])
    three = np.repeat(grey[..., None], 3, axis=2)
    for name in ("c.png", "d.png"):
        assert np.abs(read(out / name) - system.colour(three[None])[0]).max() <= 1
    assert read(out / "e.webp").shape == (90, 140, 3)
    assert read(tmp_path / "sheet.png").shape[1] > 2 * 256
    np.testing.assert_array_equal(read(place / "deep" / "a.png"), rgb)  # originals stay


def test_a_film_is_coloured_frame_by_frame(run, system, tmp_path):
    frames = [Image.fromarray(noise(20, 36, seed=n)) for n in range(3)]
    frames[0].save(
        tmp_path / "w.webp", save_all=True, append_images=frames[1:], duration=[50, 200, 30],
        lossless=True,
    )  # fmt: skip
    coloured(run, tmp_path / "w.webp", "--out", tmp_path / "out")
    with Image.open(tmp_path / "out" / "w.webp") as made:
        assert (made.n_frames, made.size) == (3, (36, 20))
        for number, shown in enumerate((50, 200, 30)):
            made.seek(number)
            found = np.asarray(made.convert("RGB")).astype(int)
            assert made.info["duration"] == shown
            assert np.abs(found - system.colour(np.asarray(frames[number])[None])[0]).mean() < 30


def test_what_it_refuses_in_one_line(run, tmp_path, capsys):
    Image.fromarray(noise(8, 8)).save(tmp_path / "x.png")
    given = (run, tmp_path / "x.png", "--out", tmp_path / "out")
    assert translate.main([*map(str, given[:3]), str(tmp_path / "wide"), "--render-size=96"]) == 0
    words = capsys.readouterr().err
    assert "note: it was trained on pictures of up to 64 px; at 96 px colours may be wrong" in words
    line = failed(capsys, translate.main, *given, "--render-size", "50")
    assert "--render-size must be a multiple of 32, such as 64 or 256, not 50" in line
    line = failed(capsys, translate.main, *given, "--back")
    assert "holds a deoldify, which has no way back" in line
    line = failed(capsys, generate.main, run, "--out", tmp_path / "out")
    assert "holds a deoldify: it cannot generate, it can colour (see translate.py)" in line
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit):
        translate.main([str(run), "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "grey → colour." in words
    assert "--render-size N" in words


def test_a_checkpoint_of_any_phase_colours(run, system, tmp_path):
    """Also one of a phase that trained on small pictures."""
    for phase, step in ((1, 2), (4, 5)):
        made = DeOldify(system.whole_recipe, seed=1, phase=phase)
        made.steps_done.assign(step)
        (run / "checkpoints").mkdir(exist_ok=True)
        path = run / "checkpoints" / f"checkpoint-{step:08d}.weights.h5"
        made.save_weights(path)
        found = serving.load_translator(path)
        assert found.network.input_shape == (None, 64, 64, 3)
        picture = noise(64, 64)
        expected = made.colour(picture[None])[0] if phase == 4 else None
        if expected is not None:
            assert np.abs(found.apply([picture])[0].astype(int) - expected).max() <= 1
        path.unlink()


# === Export ===


@pytest.mark.parametrize(
    "form",
    [
        "saved_model",
        "onnx",
        pytest.param("keras", marks=pytest.mark.thorough),
        pytest.param("litert", marks=pytest.mark.thorough),
    ],
)
def test_exports_colour_squares(form, run, system, tmp_path):
    if form == "onnx":
        pytest.importorskip("tf2onnx")
    pytest.importorskip("tensorflow")
    from serving.export import formats
    from serving.export.graph import PortableTranslator

    assert export.main([str(run), "--format", form, "--out", str(tmp_path)]) == 0
    network = formats.FORMS[form].read(tmp_path / form, PortableTranslator)
    floats = noise(64, 64)[None] / np.float32(127.5) - np.float32(1)
    found = network({"pictures": floats})
    expected = system.ema_generator.predict_on_batch(floats)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    known = json.loads((tmp_path / form / "model.json").read_text())
    assert known["inputs"]["pictures"]["shape"] == ["N", 64, 64, 3]
    assert known["passport"]["verb"] == "colour"


# === Evaluation ===


def test_evaluation_sets_it_beside_simple_ways(run, tmp_path, capsys):
    out = tmp_path / "report"
    options = ["--samples", "22", "--bootstrap", "0", "--floor", "none", "--out", str(out)]
    options += ["--data-cache", str(tmp_path / "cache"), "--feature-cache", str(tmp_path / "f")]
    options += ["--extractor", str(tiny.extractor_file(tmp_path))]
    assert evaluate.main([str(run), *options]) == 0
    words = capsys.readouterr().out
    assert "22 pictures against 22 of 'faces-held-out' at 64 px" in words
    assert "held-out: 22 pictures that were not trained on, coloured from grey copies" in words
    assert "hair colour seen" in words
    ways = json.loads((out / "held_out_0.json").read_text())["ways"]
    assert list(ways) == ["grey", "mean colour", "by level", "network", "truth"]
    chroma = {name: way["chroma"]["value"] for name, way in ways.items()}
    assert chroma["truth"] == 0
    assert chroma["by level"] < chroma["mean colour"] < chroma["grey"] < chroma["network"]
    assert 0.06 < chroma["grey"] < 0.12
    colours = {name: way["colourfulness"]["value"] for name, way in ways.items()}
    assert colours["grey"] == 0
    assert colours["mean colour"] < colours["by level"] < colours["truth"]
    assert ways["truth"]["shifted"] == dict.fromkeys(ways["truth"]["shifted"], 0.0)
    with Image.open(out / "held_out_0.png") as page:
        assert page.size[0] == 4 * 66 + 2


def test_names_are_judged_by_what_is_seen(monkeypatch):
    """Two classes by hand: a judge that sees red or blue, and pictures that are half wrong."""
    labels = datasets.Labels("classes", ("red", "blue"), np.array([0, 0, 0, 0, 1, 1]))
    held = SimpleNamespace(labels=labels)
    monkeypatch.setattr(colouring.control, "load_judge", lambda *_: SimpleNamespace(model=None))
    by_channel = lambda _, pictures: pictures.mean((1, 2))[:, ::2].astype("float32")  # noqa: E731
    monkeypatch.setattr(colouring.classifier, "predict", by_channel)
    judge = colouring._Judge(held, held, np.arange(6))
    paint = lambda names: np.array([[[[200, 0, 0] if n == "r" else [0, 0, 200]]] for n in names])  # noqa: E731
    truth = paint("rrrrbb")
    assert judge.kept(truth) == {"class": 1.0}
    assert judge.kept(paint("rrbbbr")) == {"class": pytest.approx(3 / 6)}
    assert judge.shifted(paint("rrbbbb"), truth) == {"class": pytest.approx(2 / 6)}
    assert judge.shifted(truth, truth) == {"class": 0.0}
    assert colouring._Judge(None, held, np.arange(6)).kept(truth) == {}


def test_a_folder_without_labels_is_measured_without_names(run, tmp_path, capsys):
    (tmp_path / "real").mkdir()
    for number in range(24):
        Image.fromarray(noise(64, 64, seed=number)).save(tmp_path / "real" / f"{number}.png")
    options = ["--real", str(tmp_path / "real"), "--samples", "24", "--bootstrap", "0"]
    options += ["--floor", "none", "--data-cache", str(tmp_path / "cache")]
    options += ["--feature-cache", str(tmp_path / "f"), "--out", str(tmp_path / "report")]
    options += ["--extractor", str(tiny.extractor_file(tmp_path))]
    assert evaluate.main([str(run), *options]) == 0
    words = capsys.readouterr().out
    assert f"24 pictures of {tmp_path / 'real'}, coloured from grey copies; some may" in words
    assert "seen" not in words
    ways = json.loads((tmp_path / "report" / "held_out_0.json").read_text())["ways"]
    assert ways["network"]["kept"] == {}
