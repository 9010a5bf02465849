"""A trained VAE in use: sampled, measured on held-out faces, edited by attribute vectors."""

import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from console.errors import UserError
from datasets import faces
from metrics.classifier import LabelSpace
from models import files
from serving.autoencoder import Autoencoder
from serving.commands import evaluate, explore, export, generate
from serving.explore import edits
from tests.serving import tiny
from tests.training.test_vae import TINY
from training import cli

COUNT = 800


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("vae")


@pytest.fixture(scope="module")
def vae(place):
    """The run of a tiny VAE that has seen 720 of 800 faces."""
    options = ["--data=faces", f"--count={COUNT}", f"--cache-dir={place / 'cache'}",
               f"--out={place / 'out'}", "--steps=30", "--quality-samples=0"]  # fmt: skip
    assert cli.run(None, ["vae_cpu", *TINY, *options]) == 0
    return place / "out" / "00000-vae_cpu-faces"


def test_the_other_commands_work_on_it(vae, place):
    out = place / "made"
    assert generate.main([str(vae), "--count", "3", "--out", str(out)]) == 0
    walk = ["interpolate", str(vae), "--steps", "2", "--count", "2", "--out", str(place / "w.gif")]
    assert explore.main(walk) == 0
    assert (place / "w.gif").exists()


@pytest.mark.parametrize("network", ["generator", "reconstructor"])
def test_its_networks_are_exported_in_every_form(vae, network, tmp_path, capsys):
    forms = [form for form in export.FORMATS if form != "onnx" or find_spec("tf2onnx")]
    words = [str(vae), "--network", network, "--format", *forms, "--out", str(tmp_path)]
    assert export.main(words) == 0
    for line, form in zip(capsys.readouterr().err.splitlines(), forms, strict=True):
        assert line.startswith(form)
        assert float(line.split("largest error ")[1].split(":")[0]) < 1e-5


def test_an_autoencoder_codes_and_decodes(vae):
    model = Autoencoder(vae)
    pictures = np.stack([faces.draw(index, 16) for index in range(70)])  # more than a batch
    mean, log_variance = model.encode(pictures)
    encoder, _ = files.load(vae / "encoder.keras")
    expected = encoder.predict_on_batch(pictures / np.float32(127.5) - 1)
    np.testing.assert_allclose(mean, expected[0], atol=1e-5)
    np.testing.assert_allclose(log_variance, expected[1], atol=1e-5)
    reconstructor, _ = files.load(vae / "reconstructor.keras")
    made = reconstructor.predict_on_batch(pictures / np.float32(127.5) - 1)
    np.testing.assert_allclose(model.decode(mean), (made + 1) * 127.5, atol=1e-3)


def test_evaluation_adds_what_was_held_out(vae, place, capsys):
    options = ["--samples", "40", "--bootstrap", "0", "--floor", "none", "--data-cache",
               str(place / "cache"), "--feature-cache", str(place / "features"),
               "--out", str(place / "measured"),
               "--extractor", str(tiny.extractor_file(place))]  # fmt: skip
    assert evaluate.main([str(vae), *options]) == 0
    said = capsys.readouterr().out
    assert "FD-net@16" in said
    assert "held-out: 80 pictures that were not trained on" in said
    found = json.loads((place / "measured/held_out_0.json").read_text())
    # The faces that it held out, coded once more by hand.
    pictures = np.stack([faces.draw(index, 16) for index in range(0, COUNT, 10)])
    model = Autoencoder(vae)
    mean, log_variance = model.encode(pictures)
    gap = (model.decode(mean) - pictures) / 255
    assert found["mse"] == pytest.approx((gap**2).mean(), rel=1e-4)
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1).mean()
    assert found["kl"] == pytest.approx(kl, rel=1e-4)
    assert found["active"] == (mean.var(axis=0) > 0.01).sum()
    assert found["pca_mse"] < pictures.var(axis=0).mean() / 255**2
    # The mass of each level by scipy, from the mean of the code: a sampled one is a little worse.
    upper = np.where(pictures == 255, np.inf, pictures + 0.5)
    lower = np.where(pictures == 0, -np.inf, pictures - 0.5)
    at = stats.norm(model.decode(mean), found["sigma"])
    bits = (kl / (16 * 16 * 3) - np.log(at.cdf(upper) - at.cdf(lower)).mean()) / np.log(2)
    assert bits < found["bits"] < bits + 0.15
    assert Image.open(place / "measured/held_out_0.png").size[0] > 8 * 16


def test_pictures_that_changed_are_not_called_held_out(vae, place, tmp_path, capsys):
    """One picture more, and others are held out: those were trained on."""
    copy = tmp_path / vae.name
    shutil.copytree(vae, copy, ignore=shutil.ignore_patterns("checkpoints", "tensorboard"))
    record = json.loads((copy / "run.json").read_text())
    record["data"]["fingerprint"] = "0" * 12
    (copy / "run.json").write_text(json.dumps(record))
    options = ["--samples", "40", "--bootstrap", "0", "--floor", "none",
               "--data-cache", str(place / "cache")]  # fmt: skip
    assert evaluate.main([str(copy), *options]) == 2
    said = capsys.readouterr().err
    assert "note: the pictures of 'faces' are no longer those that 00000-vae_cpu-faces" in said
    assert "are not those that" in said.splitlines()[-1]


def test_vectors_are_measured_and_drawn(vae, place, capsys):
    out = place / "smile.png"
    options = ["--of", "smile", "--rows", "2", "--out", str(out), "--data-cache",
               str(place / "cache")]  # fmt: skip
    assert explore.main(["vector", str(vae), *options]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 1 + 2 * 6
    assert sum("random direction" in line for line in lines) == 4
    assert not any("–" in line for line in lines)
    page = Image.open(out)
    assert page.size[0] == 5 * 130 + 2


MISTAKES = {
    "unknown": (["--of", "smil"], "no attribute 'smil'"),
    "few": (["--of", "twintails"], "are with 'twintails'; 20 are needed"),
}


@pytest.mark.parametrize(("options", "says"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_one_line(vae, place, capsys, options, says):
    out = ["--out", str(place / "no.png"), "--data-cache", str(place / "cache")]
    assert explore.main(["vector", str(vae), *options, *out]) == 2
    assert says in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (place / "no.png").exists()


def test_a_file_is_no_autoencoder(vae):
    with pytest.raises(UserError, match="holds one network"):
        Autoencoder(vae / "generator.keras")


def test_data_without_labels_and_with_few_held_out(place, capsys):
    folder = place / "few"
    folder.mkdir()
    for index in range(30):
        Image.fromarray(faces.draw(index, 16)).save(folder / f"{index:02d}.png")
    cache = ["--data-cache", str(place / "cache")]
    options = [f"--data={folder}", f"--cache-dir={place / 'cache'}", f"--out={place / 'two'}",
               "--steps=2", "--quality-samples=0"]  # fmt: skip
    assert cli.run(None, ["vae_cpu", *TINY, *options]) == 0
    run = str(place / "two" / "00000-vae_cpu-few")
    capsys.readouterr()
    out = ["--out", str(place / "no.png")]
    assert explore.main(["vector", run, "--of", "smile", *out, *cache]) == 2
    assert "'few' has no labels" in capsys.readouterr().err.strip().splitlines()[-1]
    assert evaluate.main([run, "--samples", "10", *cache]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "held out 3 of 30 pictures; 20 are needed" in last


# === The measures of edits ===


def test_the_error_is_over_what_the_true_edit_changes():
    original, true = np.zeros((2, 3, 2, 2, 3))[:2, 0], np.zeros((2, 2, 2, 3))
    true[0, 0, 0, 1] = 90.0  # one number of one pixel of the first picture
    true[1, 1] = 30.0  # two pixels of the second
    made = np.full((2, 2, 2, 3), 15.0)
    # First: (15 + 75 + 15) / 3; second: 15 everywhere.
    assert edits.masked_error(made, true, original) == pytest.approx((35 + 15) / 2)
    assert edits.masked_error(true, true, original) == 0
    assert np.isnan(edits.masked_error(made, None, original))


def test_flips_and_what_is_kept():
    space = LabelSpace("attributes", ("red", "blue", "smile", "hat"), {"hair": ("red", "blue")})
    before = np.array([[1, 0, 0, 0], [0, 1, 0, 1]], bool)
    after = np.array([[0, 1, 1, 0], [0, 1, 0, 1]], bool)
    assert edits.flipped(after, 2, True) == 0.5
    assert edits.flipped(after, 2, False) == 0.5
    # Of hair and hat: the first picture kept its hat alone, the second both.
    assert edits.kept(after, before, 2, space) == 0.75
    assert edits.kept(after, before, 1, space) == 0.75  # of smile and hat


def test_true_edits_are_drawn_for_the_faces_of_the_rows(vae, place):
    from datasets import hold_out, open_data

    data = open_data("faces", 16, count=COUNT, cache_dir=place / "cache")
    _, held = hold_out(data, 10)
    made = edits.true_edits(held, np.array([3, 7]), "glasses", True)
    np.testing.assert_array_equal(made[1], faces.draw(70, 16, {"glasses": True}))
    assert edits.true_edits(held, np.array([3]), "twintails", True) is None
