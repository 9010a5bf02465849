"""A run of a CycleGAN from the command line: what it leaves, how it goes on, what it refuses."""

import json

import numpy as np
import pytest
from PIL import Image

import runs
from models import files
from runs import checkpoints as names
from runs.rows import read_rows
from tests.training.test_run import weights
from training import cli

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = ["--resolution=16", "--g-filters=4", "--d-filters=4", "--blocks=1", "--d-layers=1",
        "--pool=3", "--identity-weight=5", "--precision=float32", "--workers=1",
        "--decay=exponential", "--decay-start=0",
        "--picture-columns=3"]  # fmt: skip


def fill(folder, count, seed):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """both/trainA and trainB with 6 and 5 pictures, and an empty folder."""
    folder = tmp_path_factory.mktemp("cyclegan")
    for seed, (name, count) in enumerate((("trainA", 6), ("trainB", 5))):
        fill(folder / "both" / name, count, seed)
    (folder / "empty").mkdir()
    return folder


@pytest.fixture
def train(place, tmp_path, capfd):
    def call(*options, recipe="cyclegan_cpu"):
        own = [*TINY, f"--cache-dir={place / 'cache'}", f"--out={tmp_path / 'out'}"]
        try:
            code = cli.run(None, [recipe, *own, *options])
        except SystemExit as ended:
            code = ended.code
        return code, capfd.readouterr().err

    return call


def test_a_run_goes_on_and_leaves_two_translators(train, place, tmp_path):
    data = f"--data={place / 'both'}"
    code, words = train(data, "--steps=4", "--picture-every=2")
    assert code == 0, words
    assert "6 'trainA' and 5 'trainB' pictures of 16 × 16 px" in words
    assert train(data, "--steps=2", "--picture-every=2")[0] == 0
    code, words = train(data, "--steps=4", "--picture-every=2", "--resume")
    assert code == 0, words
    whole, parts = (each.folder for each in runs.runs(tmp_path / "out"))
    expected, found = (weights(names.newest(each / "checkpoints")) for each in (whole, parts))
    assert expected.keys() == found.keys()
    assert [name for name in expected if not np.array_equal(expected[name], found[name])] == []
    made = {path.name for path in whole.iterdir()} - {"tensorboard"}
    assert made == {
        "recipe.json", "run.json", "reals_a.png", "reals_b.png", "fakes_init.png", "fakes",
        "progress.gif", "losses.csv", "losses.png", "checkpoints", "translator.keras",
        "translator_back.keras", "singular_values.csv", "singular_values.png",
    }  # fmt: skip
    assert set(read_rows(whole / "losses.csv")[0]) == {
        "step", "g_loss", "cycle", "identity", "d_a_loss", "d_b_loss", "d_loss",
    }  # fmt: skip
    with Image.open(whole / "fakes/step-00000004.png") as grid:
        assert grid.size == (3 * 18 + 2, 6 * 18 + 2)  # three pictures, six rows, gaps of two
    for name, title in (("translator", "trainA → trainB"), ("translator_back", "trainB → trainA")):
        network, metadata = files.load(whole / f"{name}.keras")
        assert (metadata["verb"], metadata["title"]) == ("translate", title)
        assert metadata["recipe"] == json.loads((whole / "recipe.json").read_text())
        assert network.output_shape == (None, 16, 16, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data=faces"], "'faces' is one domain. For two, give a second folder (--data-b FOLDER),"
         ' or labels of one set (--domains "X, Y"), such as "no glasses, glasses".'),
        (["--data={both}/trainA", "--data-b={both}/trainC"], "trainC"),
        (["--data={both}/trainA", "--data-b={empty}"], "'{empty}'"),
        (["--data={both}/trainA"], "Two domains are exactly two of them"),
        (["--data=faces", "--count=3", "--domains=green hair, hat"], "No picture of 'faces' is in"),
        (["--data=faces", "--domains=red hair"], "--domains names 1"),
        (["--data=faces", "--domains=red hair, blew hair"], "nearest: blue hair"),
        (["--data={both}", "--labels=folders"], "--labels folders is read only to divide the data"),
        (["--data={both}", "--batch-size=6"], "(5 pictures in {both})"),
        (["--data={both}", "--control-samples=9"], "a cyclegan takes no labels"),
        (["--data={both}", "--rollbacks=1"], "--rollbacks is for GANs"),
        (["--data={both}", "--d-layers=3"], "d_layers 3 needs a resolution of at least 32, not 16"),
        (["--data={both}", "--latent-dim=3"], "--latent-dim"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_before_training(options, message, train, place, tmp_path):
    places = {"both": place / "both", "empty": place / "empty"}
    code, words = train("--steps=4", *(each.format(**places) for each in options))
    assert code == 2
    assert message.format(**places) in words.splitlines()[-1]
    assert "Traceback" not in words
    assert not runs.runs(tmp_path / "out")


def test_a_run_of_another_system_cannot_go_on_here(train, place, tmp_path):
    assert train(f"--data={place / 'both'}", "--steps=2")[0] == 0
    code = cli.run(None, ["sagan_cpu", "--resume=0", f"--out={tmp_path / 'out'}"])
    assert code == 2
    code, words = train("--resume=0", recipe="cyclegan")
    assert code == 2
    assert "recipe was 'cyclegan_cpu', now 'cyclegan'" in words.splitlines()[-1]
