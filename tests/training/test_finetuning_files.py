"""Fine-tuning: a run that begins with a generator's file and its discriminator's."""

from __future__ import annotations

import json

import numpy as np
import pytest

import runs
import serving
from console.errors import UserError
from layers.reparametrization import normalized_layers
from models import files, transfer
from models.systems.gan.turns import GAN
from runs import checkpoints
from serving.commands import export
from tests.training.test_finetuning import gan_of
from training import finetuning

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def exported(train, tmp_path):
    """A run of two steps, and the folder with its generator's file and its discriminator's."""
    assert train("--steps=2", "--picture-every=2")[0] == 0
    (run,) = runs.runs(tmp_path / "out")
    words = [str(run.folder), "--format", "keras", "--half", "--discriminator"]
    assert export.main([*words, "--out", str(tmp_path / "made")]) == 0
    return run, tmp_path / "made" / "keras"


def test_a_run_begins_with_files(exported, train, tmp_path):
    """In half precision they are nearly the networks that were written; D's vectors too."""
    run, folder = exported
    text = (folder / "README.md").read_text("utf-8")
    assert "train.py RECIPE --from\nkeras/generator.keras" in text
    assert "RECIPE is SAGAN_V6 with the fields that `model.json` names" in text
    code, words = train("--steps=1", f"--from={folder / 'generator.keras'}")
    assert code == 0, words
    said = "generator.keras, step 2: generator whole; discriminator whole; ema_generator whole"
    assert said in words
    record = json.loads((runs.runs(tmp_path / "out")[1].folder / "run.json").read_text())
    assert record["from"] == {
        "file": "generator.keras", "recipe": "SAGAN_V6", "step": 2, "data": "tiny",
    }  # fmt: skip
    old, new = gan_of(run.folder), GAN(run.recipe(), seed=9)
    source = finetuning.find(str(folder / "generator.keras"), "").networks()
    transfer.take(new, source)
    latents = np.random.default_rng(0).normal(0, 0.5, (3, 8)).astype("float32")
    made, kept, raw = (
        network([latents, np.zeros(3, "int32")], training=False).numpy()
        for network in (new.generator, old.ema_generator, new.ema_generator)
    )
    np.testing.assert_allclose(made, kept, atol=4 / 255)
    np.testing.assert_array_equal(made, raw)
    assert made.std() > 1e-3
    inputs = [kept, np.zeros(3, "int32")]
    mine, theirs = (each.discriminator(inputs, training=False).numpy() for each in (new, old))
    np.testing.assert_allclose(mine, theirs, rtol=0.02, atol=1e-3)
    # The files keep the generator's kernels without their singular vectors: these are found again.
    for layer in normalized_layers(new.generator):
        kernel = np.moveaxis(layer.raw_kernel.numpy(), layer.row_axis, 0)
        largest = np.linalg.svd(kernel.reshape(len(kernel), -1), compute_uv=False)[0]
        assert float(layer.sigma()) == pytest.approx(largest, rel=1e-3), layer.name


def test_files_that_do_not_belong_together_are_refused(exported, train, tmp_path):
    _, folder = exported
    generator, discriminator = (folder / f"{name}.keras" for name in ("generator", "discriminator"))
    code, words = train("--steps=1", f"--from={discriminator}")
    assert (code, "is no generator of this project" in words.splitlines()[-1]) == (2, True)
    network, metadata = files.load(discriminator)
    files.save(network, discriminator, metadata | {"step": 1})
    code, words = train("--steps=1", f"--from={generator}")
    assert code == 2
    assert f"{discriminator} belongs to another generator than {generator}: step differs" in words
    network.weights[0].assign(np.full(network.weights[0].shape, np.nan))
    files.save(network, discriminator, metadata)
    code, words = train("--steps=1", f"--from={generator}")
    assert code == 2
    assert "is no longer finite" in words.splitlines()[-1]
    discriminator.unlink()
    code, words = train("--steps=1", f"--from={generator}")
    assert code == 2
    assert f"There is no discriminator.keras beside {generator}" in words.splitlines()[-1]
    assert "or what export.py --discriminator wrote of it" in words.splitlines()[-1]
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_discriminator_makes_no_pictures(exported):
    _, folder = exported
    with pytest.raises(UserError, match="is a discriminator; the generator lies beside it"):
        serving.load(folder / "discriminator.keras")


def test_a_discriminator_is_of_the_generators_step(exported, tmp_path, capfd):
    run, folder = exported
    words = ["--format", "keras", "--discriminator", "--out", str(tmp_path / "more")]
    assert export.main([str(folder / "generator.keras"), *words]) == 0  # both again
    again, before = (
        files.load(place / "discriminator.keras")[0].weights
        for place in (tmp_path / "more" / "keras", folder)
    )
    for mine, other in zip(again, before, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    words[-1] = str(tmp_path / "most")
    (folder / "discriminator.keras").unlink()
    assert export.main([str(folder / "generator.keras"), *words]) == 2
    assert "There is no discriminator.keras beside" in capfd.readouterr().err
    (checkpoint,) = run.checkpoints.iterdir()
    checkpoint.rename(run.checkpoints / checkpoints.name(1))
    assert export.main([str(run.folder), *words]) == 2
    assert "keeps no checkpoint of step 2, when generator.keras was" in capfd.readouterr().err
    assert export.main([str(run.folder), *words[2:], "--format", "onnx"]) == 2
    assert "--discriminator is for --format keras alone" in capfd.readouterr().err
    assert not (tmp_path / "most").exists()
